"""谁看过我的数据: everybody who looked, with a reason; names and never values; nothing can be changed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from kernel import keyvalue
from kernel.db import reading, transaction
from profiles import access
from profiles.access import Kind, Reader, Result
from profiles.access_log import access_counts, access_of
from profiles.models.access import AccessEntry
from tests.factories.reported import certificate, key, person
from tests.flows.profiles.conftest import ME, OTHER, identified

PORTAL = Reader(kind=Kind.PORTAL, id="p1", name="佛山市住房公积金管理中心", purpose="租房提取核验")
STAFF = Reader(
    kind=Kind.STAFF,
    id="w1",
    name="顺德区卫生健康局",
    detail="黎工，卫监-0317",
    purpose="许可审查",
    legal_basis="公共场所卫生管理条例",
)


def page(who, path="/me/access"):
    response = who.get(path)
    assert response.status_code == 200, response.text
    return response.text


def written(reader=PORTAL, fields=("name", "phone"), number=ME, **more):
    with transaction() as db:
        access.record(db, key(number), reader, list(fields), **more)


def entries(number=ME):
    with reading() as db:
        return db.scalars(
            select(AccessEntry).where(AccessEntry.party_key == key(number)).order_by(AccessEntry.id)
        ).all()


def test_a_look_writes_the_names_of_what_was_read(app, police):
    police.report("profile", [person(ME, phone="13800006620")])
    with transaction() as db, access.look(db, key(ME), STAFF) as data:
        assert data.values(["phone", "name", "email"])["phone"].value == "13800006620"
    (entry,) = entries()
    assert sorted(entry.fields) == ["name", "phone"]
    assert (entry.kind, entry.result, entry.reader_name) == ("staff", "law", "顺德区卫生健康局")
    assert "13800006620" not in str(entry.__dict__)


def test_a_look_that_finds_nothing_writes_nothing(app):
    with transaction() as db, access.look(db, key(OTHER), STAFF) as data:
        assert data.party() is None
    assert not entries(OTHER)


def test_what_is_rolled_back_was_not_handed_out(app, police):
    police.report("profile", [person(ME)])
    with pytest.raises(RuntimeError), transaction() as db, access.look(db, key(ME), STAFF) as data:
        data.party()
        raise RuntimeError
    assert not entries()


def test_each_look_stands_under_its_day_with_its_reason(me, frozen_clock):
    written(STAFF, ("certificate:营业执照",))
    frozen_clock.advance(days=1)
    written(PORTAL)
    written(Reader(kind=Kind.PORTAL, id="x", name="粤通小额贷款", purpose="贷款审批"), ("employer",), refused=True)

    me.sign_in()
    text = page(me)

    assert "近30天共3次：您同意的1次，依法核验的1次，拒绝的1次" in text
    assert text.index("今天，3月5日") < text.index("昨天，3月4日")
    assert "证照“营业执照”" in text
    assert "黎工，卫监-0317" in text
    assert "用途：许可审查　依据：公共场所卫生管理条例" in text
    assert "姓名、手机号码" in text
    assert "申请查看工作单位，没有提供" in text


def test_chips_filter_by_result(me):
    written(STAFF)
    written(PORTAL)
    text = page(me)
    assert re.findall(r'class="chip num"[^>]*>[^<]*<span>(\d+)</span>', text)[:4] == ["2", "1", "1", "0"]
    assert "黎工" not in page(me, "/me/access?result=agreed")
    assert "黎工" in page(me, "/me/access?result=law")
    assert "这一类没有记录" in page(me, "/me/access?result=refused")
    assert "黎工" in page(me, "/me/access?result=nonsense")


def test_looks_at_ones_own_page_are_one_a_day_and_apart(me, frozen_clock, health):
    health.report("certificate", [certificate(ME)])
    for _time in range(3):
        page(me, "/me/certificates")
    keyvalue.configure(None)  # another process, or this one after a restart
    page(me, "/me/certificates")
    own = [entry for entry in entries() if entry.result == "own"]
    assert len(own) == 1
    frozen_clock.advance(hours=15)
    me.sign_in()
    page(me, "/me/certificates")
    assert len([entry for entry in entries() if entry.result == "own"]) == 2

    assert "还没有别人看过" in page(me)
    own_page = page(me, "/me/access?result=own")
    assert "查看证照" in own_page
    assert "您自己" in own_page


def test_pages_go_in_both_directions_and_show_each_entry_once(me):
    for number in range(45):
        written(Reader(kind=Kind.PORTAL, id="p", name="门户", purpose=f"第{number:02d}次"))

    def walk(path, rel):
        while path:
            text = page(me, path)
            yield re.findall(r"用途：(第\d\d次)", text)
            found = re.search(rf'href="([^"]+)" rel="{rel}"', text)
            path = found[1].replace("&amp;", "&") if found else None
            last.append(text)

    last = []
    down = list(walk("/me/access", "next"))
    assert [entry for rows in down for entry in rows] == [f"第{n:02d}次" for n in reversed(range(45))]
    back = re.search(r'href="([^"]+)" rel="prev"', last[-1])[1].replace("&amp;", "&")
    up = list(walk(back, "prev"))
    assert up == [down[1], down[0]]


def test_entries_can_neither_be_changed_nor_removed(app):
    written()
    for statement in (update(AccessEntry).values(purpose="别的"), delete(AccessEntry)):
        with pytest.raises(DatabaseError), transaction() as db:
            db.execute(statement)
    assert entries()[0].purpose == "租房提取核验"


def test_counts_tell_what_is_recent(app, frozen_clock):
    written()
    frozen_clock.advance(timedelta(days=31))
    written(STAFF)
    with reading() as db:
        counts = access_counts(db, key(ME))
    assert counts.kept == {"agreed": 1, "law": 1}
    assert counts.recent[Result.LAW] == 1
    assert counts.recent[Result.AGREED] == 0


def test_somebody_elses_log_is_not_mine(op, me):
    written()
    other = identified(op, number=OTHER, name="李四")
    assert "住房公积金" not in page(other)
    with reading() as db:
        assert not access_of(db, key(OTHER)).items


def test_a_reason_is_text(me):
    written(
        Reader(kind=Kind.PORTAL, id="p", name="<b>门户</b>", purpose="<script>", detail="\"'"), ("certificate:<i>",)
    )
    text = page(me)
    assert "<b>门户" not in text
    assert "&lt;script&gt;" in text
