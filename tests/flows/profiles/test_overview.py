"""首页: what to do, by when; the same number of statements whatever the data."""

from datetime import timedelta

import pytest

from kernel import clock
from kernel.db import transaction
from profiles import access
from profiles.access import Kind, Reader
from profiles.panels import MessageLine, install_messages
from tests.factories import reported
from tests.factories.reported import ago, case, certificate, key
from tests.flows.profiles.conftest import ME, identified
from tests.protocol.parties import statements

DAY = timedelta(days=1)


def page(person, path="/me"):
    response = person.get(path)
    assert response.status_code == 200, response.text
    return response.text


def supplement(case_no, *, due, **more):
    return case(ME, case_no, days_ago=6, BZGZ={"asked_at": ago(4), "reason": "缺合同", "due": due}, **more)


def test_says_what_to_do_first_and_by_when(me, health):
    health.report("certificate", [certificate(ME, ends=clock.today() + 19 * DAY)])
    health.report("case", supplement("C-1", due=clock.today() + 7 * DAY, item_name="住房公积金提取"))

    text = page(me)

    assert "<strong>2件事待处理</strong>，最近的期限是<strong>3月11日</strong>" in text
    assert text.index("补交“住房公积金提取”的材料") < text.index("健康合格证明还有19天到期")
    assert "还剩5个工作日" in text


def test_a_result_to_fetch_is_a_to_do_until_it_is_fetched(me, health):
    granted = case(
        ME, "C-1", pick_up="0", days_ago=9, SL={"accepted_at": ago(8)}, BJ={"closed_at": ago(1), "result": "0"}
    )
    health.report("case", granted)
    assert "领取“公共场所卫生许可（新办）”的结果" in page(me)

    health.report("case", [{"table": "LQDJ", "case_no": "C-1", "collected_at": ago(0.1)}])
    assert "今天没有要办的事" in page(me)


def test_cases_under_way_stand_nearest_limit_first_and_at_most_three(me, health):
    for number, limit in enumerate((15, 5, 10, 20), 1):
        steps = {"SL": {"accepted_at": ago(3), "legal_limit": "30", "promise_limit": str(limit)}}
        health.report("case", case(ME, f"C-{number}", days_ago=4, item_name=f"事项{limit}天", **steps))

    text = page(me)

    assert [text.index(f"事项{days}天") for days in (5, 10, 15)] == sorted(
        text.index(f"事项{d}天") for d in (5, 10, 15)
    )
    assert "事项20天" not in text
    assert 'class="ruler' in text


def test_a_finished_case_stays_for_a_week(me, health):
    def closed(case_no, days):
        return case(
            ME,
            case_no,
            days_ago=30,
            item_name=f"{days}天前办结",
            SL={"accepted_at": ago(29)},
            BJ={"closed_at": ago(days), "result": "0"},
        )

    health.report("case", closed("C-1", 3) + closed("C-2", 12))

    text = page(me)

    assert "3天前办结" in text
    assert "12天前办结" not in text


def test_the_next_to_lapse_and_the_last_who_looked(me, health):
    ends = [clock.today() + n * DAY for n in (100, 30, 200, 300, 3000)]
    health.report("certificate", [certificate(ME, serial=n, name=f"证{n}", ends=end) for n, end in enumerate(ends)])
    with transaction() as db:
        for number in range(4):
            reader = Reader(kind=Kind.PORTAL, id="p", name=f"门户{number}", purpose="办事")
            access.record(db, key(ME), reader, ["name"])

    text = page(me)

    aside = text[text.index('id="h-cert"') :]
    assert aside.index("证1") < aside.index("证0") < aside.index("证2")
    assert "证3" not in aside
    assert "30天" in aside
    assert "门户3" in text
    assert "门户0" not in text


def test_nothing_reported_yet(me, app):
    text = page(me)

    assert "今天没有要办的事" in text
    assert "部门还没有报送您的数据" in text
    assert "现在没有在办的事" in text
    assert 'id="h-todo"' not in text


@pytest.fixture
def no_messages():
    from profiles import panels

    before = panels.messages()
    yield
    install_messages(before)


def test_works_without_anybody_who_brings_messages(me, app, no_messages):
    install_messages(None)
    text = page(me)
    assert 'id="h-msg"' not in text


def test_shows_the_latest_messages(me, app, no_messages):
    class Port:
        def unread(self, db, account_id):
            return 1

        def latest(self, db, account_id, count):
            return [MessageLine(id="m1", title="<i>快到期</i>", topic="证照到期", at=clock.now(), read=False)]

    install_messages(Port())
    text = page(me)
    assert '<a href="/me/messages/m1"><strong>&lt;i&gt;快到期&lt;/i&gt;</strong></a>' in text


def test_the_large_view_shows_two_to_dos_and_six_tiles(me, health):
    ends = [clock.today() + n * DAY for n in (5, 6, 7, 8)]
    health.report("certificate", [certificate(ME, serial=n, name=f"证{n}", ends=end) for n, end in enumerate(ends)])
    me.http.set_cookie("ui_prefs", "mode=elder", domain="127.0.0.1")

    text = page(me)

    assert 'data-mode="elder"' in text
    assert text.count('class="todo todo--elder"') == 2
    assert text[text.index('class="bigs"') :].split("</ul>")[0].count("<li>") == 6


def test_names_are_text_whatever_they_hold(op, health, me):
    hostile = "<script>alert(1)</script>&\"'"
    health.report("certificate", [certificate(ME, name=hostile, ends=clock.today() + 9 * DAY)])
    health.report("case", case(ME, "C-1", item_name=hostile, SL={"accepted_at": ago(3), "promise_limit": "9"}))
    rare = identified(op, number=reported.citizen(30), name="𠮷𪚥" * 40)

    text = page(me)

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "𠮷𪚥" in page(rare)


def test_the_page_speaks_english(me, health):
    health.report("certificate", [certificate(ME, ends=clock.today() + 19 * DAY)])
    me.http.set_cookie("ui_prefs", "lang=en", domain="127.0.0.1")
    assert 'lang="en"' in page(me)


def most_statements(person, path):
    person.get(path)  # the calendar of this process, the first look of the day
    with statements() as (sent, _ends):
        page(person, path)
    return len(sent), sent


def test_at_most_twelve_statements_however_much_there_is(me, health, police):
    few, _sent = most_statements(me, "/me")
    records = []
    for n in range(60):
        records += case(ME, f"C-{n}", days_ago=5 + n, SL={"accepted_at": ago(4 + n), "promise_limit": "9"})
        records += supplement(f"S-{n}", due=clock.today() + n * DAY)
    health.report("case", records)
    police.report("certificate", [certificate(ME, serial=n, ends=clock.today() + n * DAY) for n in range(80)])
    with transaction() as db:
        for n in range(60):
            access.record(db, key(ME), Reader(kind=Kind.PORTAL, id="p", name="门户", purpose=str(n)), ["name"])

    many, sent = most_statements(me, "/me")

    assert many <= 12, sent
    assert many == few


@pytest.mark.parametrize("path", ["/me/cases", "/me/certificates", "/me/profile", "/me/access", "/me/materials"])
def test_every_list_is_a_bounded_number_of_statements(me, health, path):
    health.report("case", case(ME, "C-1", SL={"accepted_at": ago(3), "promise_limit": "9"}))
    health.report("certificate", [certificate(ME, serial=n, ends=clock.today() + n * DAY) for n in range(40)])
    count, sent = most_statements(me, path)
    assert count <= 8, sent


def test_an_account_that_is_not_identified_is_told_what_is_missing(op, health):
    person = op.person(level=2).sign_in(level=2)
    for path in ("/me", "/me/cases", "/me/certificates/x", "/me/profile", "/reuse/x"):
        text = page(person, path)
        assert "还没有核实您是谁" in text
        assert "三级" in text
        assert 'href="/account/links"' in text


@pytest.mark.parametrize(("level", "shown"), [(2, False), (3, True)])
def test_data_is_shown_to_an_account_that_is_identified_however_it_signed_in(op, health, level, shown):
    fields = {"id_type": "111", "id_number": ME, "party_key": key(ME)}
    person = op.person(level=level, **fields).sign_in(level=5 if level == 2 else 2)
    health.report("certificate", [certificate(ME)])
    assert ("健康合格证明" in page(person, "/me/certificates")) == shown


def test_nobody_gets_in_without_signing_in(op):
    for path in ("/me", "/me/cases", "/me/access", "/org", "/org/x", "/reuse/x"):
        response = op.visitor().get(path)
        assert response.status_code == 303
        assert response.headers["Location"].startswith("/login?next=")
