"""我的办件, 我的证照, 个人信息: lists, details, reveals, and nothing of anybody else."""

import re
from datetime import timedelta

import pytest

from kernel import clock
from kernel.db import reading
from profiles.access import Result
from profiles.access_log import access_of
from tests.factories.reported import ago, case, certificate, key, person
from tests.flows.profiles.conftest import ME, OTHER, identified

DAY = timedelta(days=1)
ACCEPTED = {"accepted_at": ago, "legal_limit": "20", "promise_limit": "8"}


def page(who, path, status=200):
    response = who.get(path)
    assert response.status_code == status, response.text
    return response.text


def links(text, prefix):
    found = re.findall(rf'href="({re.escape(prefix)}[0-9a-f]{{32}})"', text)
    return list(dict.fromkeys(found))


def own_looks(number=ME):
    with reading() as db:
        return access_of(db, key(number), (Result.OWN,)).items


# ---- cases


def running(case_no, *, days=3, **more):
    return case(
        ME, case_no, days_ago=days + 1, SL={"accepted_at": ago(days), "legal_limit": "20", "promise_limit": "8"}, **more
    )


def test_chips_count_and_filter(me, health):
    health.report("case", running("C-1") + running("C-2"))
    health.report(
        "case", case(ME, "C-3", item_name="补正件", BZGZ={"asked_at": ago(2), "due": clock.today() + 5 * DAY})
    )
    health.report(
        "case", case(ME, "C-4", item_name="办结件", SL={"accepted_at": ago(5)}, BJ={"closed_at": ago(1), "result": "0"})
    )

    text = page(me, "/me/cases")
    assert [int(n) for n in re.findall(r'class="chip num"[^>]*>[^<]*<span>(\d+)</span>', text)] == [4, 1, 2, 1]
    assert len(links(text, "/me/cases/")) == 4
    todo = page(me, "/me/cases?status=todo")
    assert "补正件" in todo
    assert "办结件" not in todo
    assert len(links(page(me, "/me/cases?status=nonsense"), "/me/cases/")) == 4


def test_search_finds_by_title_and_by_number(me, health):
    health.report(
        "case", running("440606-0001", item_name="食品经营许可") + running("440606-0002", item_name="排污许可")
    )
    assert len(links(page(me, "/me/cases?q=食品"), "/me/cases/")) == 1
    assert len(links(page(me, "/me/cases?q=0002"), "/me/cases/")) == 1
    assert "没有找到“%”" in page(me, "/me/cases?q=%25")
    assert "没有找到“&lt;b&gt;”" in page(me, "/me/cases?q=<b>")


def test_pages_show_every_case_once(me, health):
    health.report("case", [record for n in range(45) for record in running(f"C-{n:02d}", days=1 + n / 10)])
    seen, path = [], "/me/cases"
    for _page in range(10):
        text = page(me, path)
        seen += links(text, "/me/cases/")
        older = re.search(r'href="([^"]+)" rel="next"', text)
        if not older:
            break
        path = older[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 45
    assert 'rel="prev"' in text


@pytest.mark.parametrize(
    "path", ["/me/cases?after=x", "/me/certificates?after=x", "/me/access?older=x", "/me/materials?after=x"]
)
def test_a_broken_cursor_is_refused(me, path):
    page(me, path, 400)


def test_a_case_tells_its_clock_and_its_steps(me, health, police):
    health.report("case", case(
        ME,
        "440606-1",
        days_ago=16,
        SL={"accepted_at": ago(12), "legal_limit": "20", "promise_limit": "8", "who": "何工", "who_no": "政务-1142"},
        BZGZ={"asked_at": ago(15), "reason": "布局图缺<消毒间>", "materials": "平面布局图", "who": "黎工"},
        BZSL={"received_at": ago(13), "materials": "平面布局图"},
        TBCXSQ={"special_from": ago(8), "special_name": "卫生检测", "seq": "1"},
        TBCXJG={"special_to": ago(6), "seq": "1"},
        SPCL={"step_at": ago(2), "step": "1", "step_name": "审查"},
        SBCL={"material_name": "居民身份证", "material_kind": "2", "at": ago(16)},
    ))  # fmt: skip
    (path,) = links(page(me, "/me/cases"), "/me/cases/")

    text = page(me, path)

    order = ["决定", "审查", "卫生检测（特别程序）", "受理", "收到您的补正材料", "一次性告知补正", "您提交了申请"]
    steps = re.findall(r'class="tl__h">([^<]+)<', text)
    assert steps == order
    assert 'aria-current="step"' in text
    assert "现在在这一步" in text
    assert "“布局图缺&lt;消毒间&gt;”" in text
    assert "承诺还剩" in text
    assert "不计入时限" in text
    assert "何工，工号政务-1142" in text
    assert "居民身份证" in text
    assert "打印时间：2026年3月4日10:00" in text
    assert "顺德区卫生健康局提供，最近更新" in text


def test_a_refusal_tells_the_reason(me, health):
    refused = {"closed_at": ago(1), "result": "7", "result_text": "距离不足25米"}
    health.report("case", case(ME, "C-1", SL={"accepted_at": ago(8)}, BJ=refused))
    (path,) = links(page(me, "/me/cases"), "/me/cases/")
    text = page(me, path)
    assert "部门说明的理由" in text
    assert "“距离不足25米”" in text


def test_a_case_that_has_only_been_submitted(me, health):
    health.report("case", case(ME, "C-1", days_ago=1))
    (path,) = links(page(me, "/me/cases"), "/me/cases/")
    assert "部门5个工作日内告知是否受理" in page(me, path)


def test_the_due_date_as_a_calendar_file(me, health):
    health.report("case", running("C-1", days=3))
    (path,) = links(page(me, "/me/cases"), "/me/cases/")
    response = me.get(f"{path}/due.ics")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    due = re.search(r"承诺(\d+)月(\d+)日前", page(me, path))
    assert f"DTSTART;VALUE=DATE:2026{int(due[1]):02d}{int(due[2]):02d}\r\n" in response.text
    assert path in response.text.replace("\r\n ", "")


def test_a_closed_case_has_no_date_to_remember(me, health):
    health.report("case", case(ME, "C-1", SL={"accepted_at": ago(5)}, BJ={"closed_at": ago(1), "result": "0"}))
    (path,) = links(page(me, "/me/cases"), "/me/cases/")
    assert "due.ics" not in page(me, path)
    page(me, f"{path}/due.ics", 404)


def test_what_belongs_to_somebody_else_does_not_exist(op, me, health):
    health.report("case", running("C-1"))
    health.report("certificate", [certificate(ME)])
    other = identified(op, number=OTHER, name="李四")
    case_path = links(page(me, "/me/cases"), "/me/cases/")[0]
    certificate_path = links(page(me, "/me/certificates"), "/me/certificates/")[0]
    assert not links(page(other, "/me/cases"), "/me/cases/")
    for path in (case_path, f"{case_path}/due.ics", certificate_path, "/me/cases/nothing", "/me/certificates/nothing"):
        answer, unknown = other.get(path), other.get("/me/cases/0123456789abcdef0123456789abcdef")
        assert answer.status_code == 404
        assert len(answer.data) == pytest.approx(len(unknown.data), abs=200)
    assert not own_looks(ME)[1:] or all(look.who == "陈晓岚" for look in own_looks(ME))


# ---- certificates


def test_nearest_expiry_first_and_void_ones_last(me, health):
    today = clock.today()
    ends = {"近": today + 9 * DAY, "远": today + 500 * DAY, "长期": None, "过期": today - DAY}
    health.report(
        "certificate", [certificate(ME, serial=n, name=name, ends=end) for n, (name, end) in enumerate(ends.items())]
    )
    health.report("certificate", [certificate(ME, serial=9, name="注销", ends=today + 300 * DAY, status="注销")])

    text = page(me, "/me/certificates")

    faces = re.findall(r'class="cert cert--(\w+)".*?class="cert__name">([^<]+)<', text)
    assert [name for _kind, name in faces] == ["近", "远", "长期", "过期", "注销"]
    assert [kind for kind, name in faces if name in {"过期", "注销"}] == ["void", "void"]
    assert "void" not in [kind for kind, name in faces[:3]]
    assert re.findall(r'class="chip num"[^>]*>[^<]*<span>(\d+)</span>', text) == ["5", "1", "3", "2"]
    assert "近" not in re.findall(r'class="cert__name">([^<]+)<', page(me, "/me/certificates?status=void"))


def test_a_wallet_of_many_is_paged(me, police):
    police.report("certificate", [certificate(ME, serial=n, ends=clock.today() + n * DAY) for n in range(60)])
    first = page(me, "/me/certificates")
    older = re.search(r'href="([^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = page(me, older)
    assert len(links(first, "/me/certificates/")) == 24
    assert not set(links(first, "/me/certificates/")) & set(links(second, "/me/certificates/"))


def test_a_certificate_hides_its_number_until_it_is_asked_for(me, health):
    health.report("certificate", [certificate(ME, ends=clock.today() + 9 * DAY)])
    (path,) = links(page(me, "/me/certificates"), "/me/certificates/")

    hidden = page(me, path)
    assert "粤健4406000001" not in hidden
    assert "粤健4****001" in hidden
    assert "顺德区卫生健康局" in hidden
    before = len(own_looks())
    shown = page(me, f"{path}?reveal=number")
    assert "粤健4406000001" in shown
    page(me, f"{path}?reveal=number")
    assert [look.purpose for look in own_looks()[:2]] == ["显示完整内容"] * 2
    assert len(own_looks()) == before + 2
    assert own_looks()[0].fields == ("certificate:健康合格证明",)


# ---- profile


def test_every_value_says_who_said_it_and_stays_hidden(me, police):
    police.report(
        "profile", [person(ME, phone="13800006620", gender="女", residence="佛山市顺德区容桂街道容奇大道8号")]
    )

    text = page(me, "/me/profile")

    assert "138****6620" in text
    assert "13800006620" not in text
    assert "容奇大道" not in text
    assert ME not in text
    assert "女" in text
    assert "陈晓岚" in text
    assert "广东省公安厅" in text
    assert "今天核对" in text


def test_each_reveal_shows_one_field_and_is_written_down(me, police):
    police.report("profile", [person(ME, phone="13800006620", residence="佛山市顺德区容桂街道容奇大道8号")])

    text = page(me, "/me/profile?reveal=phone")

    assert "13800006620" in text
    assert "容奇大道" not in text
    assert own_looks()[0].fields == ("phone",)
    page(me, "/me/profile?reveal=phone")
    assert [look.fields for look in own_looks()[:2]] == [("phone",), ("phone",)]


@pytest.mark.parametrize("field", ["nothing", "name", "gender", "<b>"])
def test_what_hides_nothing_reveals_nothing(me, police, field):
    police.report("profile", [person(ME, gender="女")])
    page(me, f"/me/profile?reveal={field}")
    assert "显示完整内容" not in [look.purpose for look in own_looks()]


def test_sources_that_disagree_stand_side_by_side(me, police, market):
    police.report("profile", [person(ME, address="佛山市顺德区大良街道清晖路1号")])
    market.report("profile", [person(ME, address="佛山市顺德区容桂街道文海西路3号")])

    text = page(me, "/me/profile")

    assert "两处不一致" in text
    assert "大良街道****" in text
    assert "容桂街道****" in text
    assert "等2处一致" in text  # the name, on which they agree


def test_nothing_reported(me, app):
    for path, words in (
        ("/me/cases", "还没有办件"),
        ("/me/certificates", "没有查到您的证照"),
        ("/me/profile", "部门还没有报送基本信息"),
        ("/me/access", "还没有别人看过"),
        ("/me/materials", "还没有用过"),
    ):
        assert words in page(me, path)


def test_pages_are_never_kept_by_a_browser(me, app):
    assert me.get("/me/profile").headers["Cache-Control"] == "no-store"
