"""J5, the data side: what departments send in whatever order and form, and what the pages then know."""

import json
import random
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select, update

from kernel import clock
from kernel.db import reading, transaction
from kernel.outbox import OutboxEvent
from profiles import facts, items
from profiles.cases import calendar
from profiles.cases.read import case_counts, case_detail, cases_of
from profiles.cases.states import Bucket, State, Turn
from profiles.certificates.read import (
    Status,
    certificate_counts,
    certificate_detail,
    certificates_of,
)
from profiles.feeds import interpret
from profiles.feeds.families import case as case_family
from profiles.models.calendar import CalendarDay
from profiles.models.case import CaseEvent, CaseFile
from profiles.models.certificate import Certificate
from profiles.models.fact import Fact
from profiles.models.party import Party
from profiles.models.raw import FeedBatch, RawRecord
from tests.factories.feeds import enterprise, key_of, person, report_of, seed_calendar, sender

pytestmark = pytest.mark.usefixtures("database", "frozen_clock")

ME = person(2)
ITEM = "11440100007482575H3440118009000"
LIFE = [
    {
        "table": "EX_GDBS_SB",
        "SBLSH": "440606-871",
        "SXBM": ITEM,
        "SXMC": "公共场所卫生许可（新办）",
        "SQRLX": "1",
        "SQRMC": "陈晓岚",
        "SQRZJLX": "1",
        "SQRZJHM": ME,
        "SBSJ": "2026-02-10 21:15:00",
        "VERSION": "1",
    },
    {
        "table": "EX_GDBS_BZGZ",
        "SBLSH": "440606-871",
        "BZGZSJ": "2026-02-11 10:06:00",
        "BZGZYY": "布局图未标注消毒间",
        "BZCLQD": "经营场所平面布局图",
        "PATCH_TIMELIMIT": "2026-03-25",
        "BZGZFCRXM": "何工",
    },
    {"table": "EX_GDBS_BZSL", "SBLSH": "440606-871", "BZSJ": "2026-02-12 20:41:00"},
    {
        "table": "EX_GDBS_SL",
        "SBLSH": "440606-871",
        "SLSJ": "2026-02-13 15:20:00",
        "SLZTDM": "1",
        "SLBMMC": "综合窗口",
        "BLRXM": "何工",
        "BLRGH": "政务-1142",
        "GDBLSX": "20",
        "GDBLSXDDW": "G",
        "BLSX": "8",
    },
    {
        "table": "EX_GDBS_TBCXSQ",
        "SBLSH": "440606-871",
        "XH": "1",
        "TBCXZL": "B",
        "TBCXZLMC": "卫生检测",
        "TBCXKSRQ": "2026-02-24",
        "TBCXQDLY": "现场检测",
    },
    {"table": "EX_GDBS_TBCXJG", "SBLSH": "440606-871", "XH": "1", "TBCXJSRQ": "2026-02-26", "TBCXJG": "合格"},
    {
        "table": "EX_GDBS_SPCL",
        "SBLSH": "440606-871",
        "SPBZH": "1",
        "SPHJDM": "2",
        "SPSJ": "2026-03-02 09:00:00",
        "SPRXM": "黎工",
        "SPYJ": "检测合格",
    },
    {
        "table": "EX_GDBS_SBCL",
        "SBLSH": "440606-871",
        "SEQ": "7",
        "CLMC": "平面布局图",
        "CLLX": "2",
        "CLSL": "1",
        "INSERTTIME": "2026-02-10 21:15:00",
    },
]
CERTIFICATE = {
    "ZZBS": "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "ZZMC": "公共场所卫生许可证",
    "ZZLXDM": "11100000000013338W011",
    "ZZBH": "顺卫公证字〔2022〕第0871号",
    "ZZBFJG": "顺德区卫生健康局",
    "ZZBFRQ": "2022-07-01",
    "CZZT": "陈晓岚",
    "CZZTDM": ME,
    "CZZTDMLXDM": "111",
    "ZZYXQQSRQ": "2022年7月1日",
    "ZZYXQJZRQ": "20260630",
    "ZZZT": "有效",
}


def statuses(report):
    return [record["status"] for record in report["records"]]


def codes(report):
    return [(f["field"], f["code"]) for record in report["records"] for f in record["findings"]]


def published(name):
    with reading() as db:
        return [
            row.payload
            for row in db.scalars(select(OutboxEvent).where(OutboxEvent.name == name).order_by(OutboxEvent.id))
        ]


def the_case():
    with reading() as db:
        (line,) = cases_of(db, key_of(ME)).items
        detail = case_detail(db, key_of(ME), line.id)
    assert detail is not None
    return detail


def test_a_case_told_in_disorder_and_twice_is_the_case_told_in_order():
    seed_calendar()
    department = sender()
    told = LIFE * 2
    random.Random(7).shuffle(told)
    report = department.send("case", told, form="csv", encoding="gbk")
    assert report["encoding"] == "gbk"
    assert report["counts"] == {
        "total": 16, "accepted": 8, "accepted_with_findings": 0, "refused": 0, "duplicate": 8,
    }  # fmt: skip
    case = the_case()
    assert case.line.title == "公共场所卫生许可（新办）"
    assert (case.line.state, case.line.turn, case.line.bucket) == (State.IN_REVIEW, Turn.DEPARTMENT, Bucket.OPEN)
    assert case.line.applicant == "陈晓岚"
    ruler = case.line.ruler
    assert (ruler.used, ruler.left, ruler.paused) == (6, 2, 3)
    assert ruler.promise_date == case.line.due == date(2026, 3, 6)
    assert ruler.legal_date == date(2026, 3, 24)
    assert [step.kind for step in case.steps] == ["BJ", "SPCL", "TBCXSQ", "SL", "BZSL", "BZGZ", "SB"]
    assert [step.mark for step in case.steps] == ["next", "now", "pause", "past", "past", "pause", "past"]
    assert case.steps[0].due == date(2026, 3, 6)
    special = case.steps[2]
    assert special.title == "卫生检测（特别程序）"
    assert special.days_not_counted == 3
    assert case.steps[3].who_no == "政务-1142"
    assert case.steps[5].materials == ("经营场所平面布局图",)
    assert [(m.name, m.kind, m.count) for m in case.materials] == [("平面布局图", "electronic", 1)]
    assert case.line.findings == ()
    assert case.source == department.name


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "xlsx"])
def test_every_format_tells_the_same(form):
    seed_calendar()
    report = sender().send("case", LIFE, form=form)
    assert statuses(report) == ["accepted"] * 8
    assert the_case().line.state is State.IN_REVIEW


def test_the_same_again_in_another_format_is_already_had():
    department = sender()
    department.send("case", LIFE, form="json")
    with reading() as db:
        events = db.scalar(select(func.count()).select_from(OutboxEvent))
    for form in ("ndjson", "csv", "xlsx"):
        assert statuses(department.send("case", LIFE, form=form)) == ["duplicate"] * 8
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(OutboxEvent)) == events + 3  # three times FeedBatchDone
        assert db.scalar(select(func.count()).select_from(RawRecord)) == 32


def test_one_record_a_batch_in_any_order_gives_the_same_page():
    seed_calendar()
    department = sender()
    for row in reversed(LIFE):
        department.send("case", [row])
    case = the_case()
    assert case.line.state is State.IN_REVIEW
    assert (case.line.ruler.used, case.line.ruler.paused) == (6, 3)


def test_a_higher_version_replaces_whatever_comes_first():
    department = sender()
    second = {**LIFE[3], "VERSION": "2", "BLSX": "5"}
    department.send("case", [LIFE[0], second])
    report = department.send("case", [LIFE[3]])
    assert statuses(report) == ["accepted"]
    assert the_case().line.ruler.promise == 5


def test_a_version_used_twice_is_told_and_the_later_word_stands():
    department, accepted = sender(), {**LIFE[3], "SJBBH": "1"}
    department.send("case", [LIFE[0], accepted])
    report = department.send("case", [{**accepted, "BLSX": "5"}])
    assert statuses(report) == ["accepted_with_findings"]
    (finding,) = report["records"][0]["findings"]
    assert finding == {
        "field": "SJBBH", "code": "version_reused", "message": "同一版本号报过不同的内容，以后报的为准",
        "remedy": "内容有变化时把版本号加1",
    }  # fmt: skip
    assert the_case().line.ruler.promise == 5
    assert statuses(department.send("case", [accepted])) == ["duplicate"]
    assert the_case().line.ruler.promise == 5


def test_a_sender_s_clock_that_runs_ahead_does_not_win_for_years(frozen_clock):
    department = sender()
    ahead = {**LIFE[3], "SJBBH": "1", "INSERTTIME": "2062-01-01 00:00:00"}
    department.send("case", [LIFE[0], ahead])
    department.send("profile", [{"SFZH": ME, "SJHM": "13800000001", "DATA_DATE": "2062-01-01"}])
    frozen_clock.advance(hours=1)
    department.send("case", [{**ahead, "BLSX": "5", "INSERTTIME": "2026-03-04 10:30:00"}])
    department.send("profile", [{"SFZH": ME, "SJHM": "13800000002"}])
    assert the_case().line.ruler.promise == 5
    with reading() as db:
        value = facts.fact_value(db, key_of(ME), "phone")
    assert value is not None
    assert value.value == "13800000002"


def test_without_version_and_time_the_word_received_last_stands(frozen_clock):
    department = sender()
    numbers = ["13800000001", "13800000001", "13800000002", "13800000001"]
    reports = []
    for number in numbers:
        frozen_clock.advance(hours=1)
        reports += statuses(department.send("profile", [{"SFZH": ME, "SJHM": number}]))
    assert reports == ["accepted", "duplicate", "accepted", "accepted"]
    with reading() as db:
        value = facts.fact_value(db, key_of(ME), "phone")
    assert value is not None
    assert value.value == "13800000001"


def test_findings_name_the_sender_s_own_columns():
    report = sender().send(
        "case",
        [
            {**LIFE[0], "SQRZJHM": ME[:17] + ("1" if ME[17] != "1" else "2")},
            {**LIFE[0], "SQRZJHM": ""},
            {**LIFE[0], "SBSJ": "下周二"},
            {"申办流水号": "1", "SXMC": "x"},
            {"foo": "bar"},
            {"table": "EX_GDBS_BJ", "SBLSH": "9", "BJSJ": "2026-03-01", "BJJGDM": "99"},
            "nonsense",
        ],
    )
    assert statuses(report) == ["refused"] * 5 + ["accepted_with_findings", "refused"]
    assert codes(report) == [
        ("SQRZJHM", "citizen_id_check_digit"),
        ("SQRZJHM", "missing"),
        ("SBSJ", "bad_date"),
        ("table", "unknown_table"),
        (None, "no_known_column"),
        ("BJJGDM", "unknown_code"),
        (None, "not_an_object"),
    ]
    assert report["records"][0]["key"] is None
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(RawRecord)) == 7


def test_closed_without_acceptance_shows_the_safest_state_and_says_so():
    sender().send(
        "case", [LIFE[0], {"SBLSH": "440606-871", "BJSJ": "2026-03-01 10:00", "BJJGDM": "0", "ZJGZMC": "卫生许可证"}]
    )
    case = the_case()
    assert case.line.state is State.GRANTED
    assert case.line.findings == ("closed_without_acceptance",)
    assert case.result_certificates[0].name == "卫生许可证"


def test_events_of_an_unknown_applicant_wait_for_the_application():
    department = sender()
    department.send("case", LIFE[1:])
    with reading() as db:
        assert cases_of(db, key_of(ME)).items == ()
    assert published("profiles.case_changed") == []
    department.send("case", LIFE[:1])
    assert the_case().line.state is State.IN_REVIEW
    (event,) = published("profiles.case_changed")
    assert (event["state"], event["party_key"], event["case_no"]) == ("in_review", key_of(ME), "440606-871")


def test_events_are_published_when_something_changes_and_only_then():
    department = sender()
    department.send("case", LIFE[:1])
    department.send("case", LIFE[1:2])
    department.send("case", LIFE[:2])
    states = [event["state"] for event in published("profiles.case_changed")]
    assert states == ["submitted", "supplement_required"]
    (asked,) = published("profiles.supplement_asked")
    assert asked["due"] == "2026-03-25"
    department.send("case", [{**LIFE[1], "VERSION": "2", "PATCH_TIMELIMIT": "2026-03-27"}])
    assert [event["due"] for event in published("profiles.supplement_asked")] == ["2026-03-25", "2026-03-27"]
    (done, *_more) = published("profiles.feed_batch_done")
    assert (done["total"], done["accepted"]) == (1, 1)


def test_lists_go_on_by_keyset_and_find_by_title_and_number():
    department = sender()
    rows = [
        {**LIFE[0], "SBLSH": f"N-{n:03d}", "SBSJ": f"2026-02-{1 + n % 5:02d} 10:00", "SXMC": f"事项{n}"}
        for n in range(25)
    ]
    department.send("case", rows)
    with reading() as db:
        seen, after = [], None
        while True:
            page = cases_of(db, key_of(ME), after=after, limit=10)
            seen += page.items
            after = page.next
            if after is None:
                break
        assert len(seen) == len({line.id for line in seen}) == 25
        assert [line.changed_at for line in seen] == sorted((line.changed_at for line in seen), reverse=True)
        assert [line.case_no for line in cases_of(db, key_of(ME), search="n-007").items] == ["N-007"]
        assert [line.title for line in cases_of(db, key_of(ME), search="事项24").items] == ["事项24"]
        assert cases_of(db, key_of(ME), search="100%").items == ()
        assert case_counts(db, key_of(ME)).open == 25
        assert cases_of(db, key_of(ME), bucket=Bucket.CLOSED).items == ()
        assert len(cases_of(db, key_of(ME), by_due=True, limit=3).items) == 3
        assert case_detail(db, key_of(person(9)), seen[0].id) is None


def test_the_catalogue_fills_in_limits_and_titles():
    seed_calendar()
    department = sender()
    department.send(
        "item",
        [
            {
                "SXBM": ITEM.lower(),
                "SXMC": "公共场所卫生许可",
                "FDBJSX": "20",
                "CNBJSX": "8",
                "SQCL": "1. 身份证；2. 布局图",
                "SDYJ": "《公共场所卫生管理条例》第四条",
            }
        ],
    )
    with reading() as db:
        item = items.item(db, ITEM + "01")
    assert item is not None
    assert [material.name for material in item.materials] == ["身份证", "布局图"]
    assert (item.type, item.level, item.legal_limit) == ("01", "3", 20)
    accepted = {name: value for name, value in LIFE[3].items() if name not in {"GDBLSX", "GDBLSXDDW", "BLSX"}}
    department.send("case", [{**LIFE[0], "SXMC": ""}, accepted])
    case = the_case()
    assert case.line.title == "公共场所卫生许可"
    assert (case.line.ruler.promise, case.line.ruler.legal) == (8, 20)
    assert case.legal_basis == "《公共场所卫生管理条例》第四条"
    with reading() as db:
        assert db.scalar(select(CaseFile.due)) == case.line.due


def test_an_item_keeps_structured_materials_and_tells_a_wrong_code():
    material = {"code": "M1", "name": "营业执照", "required": False, "accept": ["11100000000013338W011", {}]}
    report = sender().send(
        "item", [{"item_code": "440600-0120-002", "item_name": "旧事项", "materials": [material, {"x": 1}]}]
    )
    assert codes(report) == [("item_code", "item_code_shape"), ("materials", "missing")]
    with reading() as db:
        found = items.item(db, "440600-0120-002")
    assert found is not None
    assert found.materials == (
        items.ItemMaterial(code="M1", name="营业执照", required=False, accept=("11100000000013338W011",)),
    )


def test_certificates_by_expiry_with_their_state_today():
    department = sender()
    rows = [
        CERTIFICATE,
        {"ZZMC": "营业执照", "ZZBH": "B1", "ZZBFJG": "市场监管局", "CZZTDM": ME, "ZZYXQJZRQ": "长期"},
        {"ZZMC": "健康证", "ZZBH": "C1", "ZZBFJG": "卫生中心", "CZZTDM": ME, "ZZYXQJZRQ": "2026-04-06"},
        {"ZZMC": "旧证", "ZZBH": "D1", "ZZBFJG": "卫生中心", "CZZTDM": ME, "ZZYXQJZRQ": "2025-04-06"},
        {"ZZMC": "吊销证", "ZZBH": "E1", "ZZBFJG": "卫生中心", "CZZTDM": ME, "ZZYXQJZRQ": "2027-04-06", "ZZZT": "吊销"},
        {"ZZMC": "怪证", "ZZBH": "F1", "ZZBFJG": "卫生中心", "CZZTDM": ME, "ZZZT": "神秘", "ZZYXQQSRQ": "2030-1-1"},
    ]
    report = department.send("certificate", rows, form="xlsx")
    assert statuses(report) == ["accepted"] * 5 + ["accepted_with_findings"]
    assert codes(report) == [("ZZZT", "unknown_status")]
    with reading() as db:
        lines, after = [], None
        while True:
            page = certificates_of(db, key_of(ME), after=after, limit=2)
            lines += page.items
            after = page.next
            if after is None:
                break
        counts = certificate_counts(db, key_of(ME))
        detail = certificate_detail(db, key_of(ME), lines[1].id)
        assert certificate_detail(db, key_of(person(9)), lines[1].id) is None
        soon = certificates_of(db, key_of(ME), status="expiring").items
    by_name = {"营业执照": 0, "怪证": 1}
    lines[2:4] = sorted(lines[2:4], key=lambda line: by_name[line.name])
    assert [(line.name, line.status) for line in lines] == [
        ("健康证", Status.VALID), ("公共场所卫生许可证", Status.VALID), ("营业执照", Status.VALID),
        ("怪证", Status.UNKNOWN), ("旧证", Status.EXPIRED), ("吊销证", Status.REVOKED),
    ]  # fmt: skip
    assert (counts.current, counts.expiring, counts.void, counts.total) == (4, 1, 2, 6)
    assert [line.name for line in soon] == ["健康证"]
    assert soon[0].days_left == 33
    assert detail is not None
    assert detail.line.number == CERTIFICATE["ZZBH"]
    assert detail.line.valid_from == date(2022, 7, 1)
    assert len(published("profiles.certificate_recorded")) == 6


def test_a_wrong_check_of_a_certificate_is_a_remark_and_a_reissue_replaces():
    department = sender()
    wrong = {**CERTIFICATE, "ZZBS": CERTIFICATE["ZZBS"][:-1] + "M"}
    report = department.send("certificate", [wrong])
    assert codes(report) == [("ZZBS", "certificate_id_check_character")]
    assert statuses(report) == ["accepted_with_findings"]
    reissue = {**CERTIFICATE, "ZZBS": CERTIFICATE["ZZBS"][:-5] + "002.S", "ZZYXQJZRQ": "2030-06-30"}
    department.send("certificate", [reissue])
    department.send("certificate", [{**CERTIFICATE, "VERSION": "3"}])
    with reading() as db:
        (line,) = certificates_of(db, key_of(ME)).items
    assert line.valid_to == date(2030, 6, 30)
    assert [event["valid_to"] for event in published("profiles.certificate_recorded")] == ["2026-06-30", "2030-06-30"]
    masked = published("profiles.certificate_recorded")[0]["number_masked"]
    assert masked != CERTIFICATE["ZZBH"]


def test_profiles_stand_side_by_side_with_source_and_date():
    police, housing = sender("公安局", 1), sender("公积金中心", 2)
    police.send(
        "profile",
        [{"SFZH": ME, "XM": "陈晓岚", "XB": "2", "SJHM": "13800000000", "DATA_DATE": "2026-01-05"}],
        form="csv",
        encoding="gb18030",
    )
    report = housing.send(
        "profile",
        [{"证件号码": ME, "姓名": "陈晓岚", "性别": "男", "手机号码": "13900000000", "数据日期": "2026-02-01"}],
    )
    assert codes(report) == [("性别", "gender_differs")]
    assert report["records"][0]["key"] == "440199********" + ME[-4:] or report["records"][0]["key"].startswith("440199")
    assert ME not in json.dumps(report)
    with reading() as db:
        found = {field.field: field for field in facts.facts_of(db, key_of(ME))}
        party = facts.party_of(db, key_of(ME))
        stored = db.execute(select(RawRecord.record_key, RawRecord.label)).all()
    assert [(value.value, value.source) for value in found["phone"].values] == [
        ("13900000000", "公积金中心"), ("13800000000", "公安局"),
    ]  # fmt: skip
    assert found["phone"].differs
    assert not found["name"].differs
    assert found["gender"].values[1].shown == "女"
    assert found["id_number"].values[0].value == ME
    assert party is not None
    assert (party.kind, party.name, party.number) == ("person", "陈晓岚", ME)
    assert not any(ME in str(row) for row in stored)


def test_an_empty_value_of_a_later_version_withdraws_and_an_absent_one_says_nothing():
    department = sender()
    newer = {"SFZH": ME, "XM": "陈晓岚", "SJHM": "", "VERSION": "2"}
    older = {"SFZH": ME, "SJHM": "13800000000", "DZYX": "a@example.cn"}
    for rows in ([newer, older], [older, newer]):
        department.send("profile", rows)
    with reading() as db:
        found = {field.field: field.values[0].value for field in facts.facts_of(db, key_of(ME))}
    assert found["email"] == "a@example.cn"
    assert "phone" not in found


def test_the_reported_legal_representative_finds_the_enterprise():
    firm = enterprise(1)
    department = sender()
    row = {"TYSHXYDM": firm, "QYMC": "岚色美发店", "FDDBR": "陈晓岚", "FDDBRSFZH": ME, "DJZT": "存续"}
    assert statuses(department.send("profile", [row])) == ["accepted"]
    with reading() as db:
        assert [one.name for one in facts.enterprises_of(db, key_of(ME))] == ["岚色美发店"]
    department.send("profile", [{**row, "FDDBRSFZH": person(8), "VERSION": "2"}])
    with reading() as db:
        assert facts.enterprises_of(db, key_of(ME)) == ()
        assert [one.number for one in facts.enterprises_of(db, key_of(person(8)))] == [firm]


def test_only_the_keeper_of_the_register_says_who_represents_an_enterprise():
    firm = enterprise(1)
    keeper, other = sender(serial=1, registers=["enterprise"]), sender("别的部门", serial=2, registers=[])
    row = {"TYSHXYDM": firm, "QYMC": "岚色美发店", "FDDBRSFZH": ME}
    keeper.send("profile", [row])
    other.send("profile", [{**row, "QYMC": "冒名的店", "FDDBRSFZH": person(8), "VERSION": "9"}])
    with reading() as db:
        assert [one.name for one in facts.enterprises_of(db, key_of(ME))] == ["岚色美发店"]
        assert facts.enterprises_of(db, key_of(person(8))) == ()
        name = facts.fact_value(
            db, "".join(db.scalars(select(Party.party_key).where(Party.kind == "enterprise"))), "name"
        )
    assert name is not None
    assert name.value == "岚色美发店"


def test_numbers_are_encrypted_and_case_events_hold_none():
    department = sender()
    department.send("case", LIFE)
    department.send("profile", [{"SFZH": ME, "SJHM": "13800000000"}])
    with reading() as db:
        payloads = json.dumps(list(db.scalars(select(CaseEvent.payload))))
        connection = db.connection()
        blobs = [
            bytes(row[0])
            for table, column in [("raw_record", "content"), ("fact", "value"), ("party", "number")]
            for row in connection.exec_driver_sql(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        ]
    assert ME not in payloads
    assert blobs
    assert not any(ME.encode() in blob or b"13800000000" in blob for blob in blobs)


def test_interpretation_again_from_the_raw_log_gives_the_same(frozen_clock):
    department = sender()
    department.send("case", LIFE, form="csv", encoding="gbk")
    department.send("profile", [{"SFZH": ME, "XM": "陈晓岚"}], form="xlsx")
    department.send("certificate", [CERTIFICATE], form="ndjson")
    department.send("item", [{"SXBM": ITEM, "SXMC": "公共场所卫生许可"}])

    def state():
        with reading() as db:
            return (
                db.execute(select(CaseFile.id, CaseFile.state, CaseFile.snapshot, CaseFile.party_key)).all(),
                db.execute(select(Fact.field, Fact.value, Fact.raw_id).order_by(Fact.field)).all(),
                db.execute(select(Certificate.id, Certificate.number, Certificate.raw_id)).all(),
                db.execute(select(RawRecord.id, RawRecord.status, RawRecord.content_key).order_by(RawRecord.id)).all(),
                db.scalar(select(func.count()).select_from(OutboxEvent)),
            )

    before = state()
    frozen_clock.advance(days=1)
    with transaction() as db:
        db.execute(update(CaseFile).values(state="unknown", snapshot={}))
        db.execute(update(Fact).values(value="spoiled"))
    assert len(list(interpret.again())) == 4
    after = state()
    assert after[1:4] == before[1:4]
    assert len(list(interpret.again(family="case"))) == 1
    assert the_case().line.state in {State.IN_REVIEW, State.UNKNOWN}


def test_a_record_refused_when_read_again_is_taken_back(monkeypatch):
    department = sender()
    department.send("case", LIFE)
    read = case_family.CaseFamily.read

    def stricter(self, reading_, *, hint):
        told = read(self, reading_, hint=hint)
        if told and told.value.kind == "SPCL":
            reading_.refuse("unknown_code", "step")
            return None
        return told

    monkeypatch.setattr(case_family.CaseFamily, "read", stricter)
    list(interpret.again())
    case = the_case()
    assert case.line.state is State.IN_REVIEW  # the special procedure has ended: the review goes on
    assert "SPCL" not in {step.kind for step in case.steps}


def test_one_record_that_upsets_the_database_does_not_stop_the_others(monkeypatch):
    apply = case_family.CaseFamily.apply

    def fragile(self, db, department_id, entries):
        apply(self, db, department_id, entries)
        if any(entry.told.value.case_no == "N-003" for entry in entries):
            raise ValueError("cannot")

    monkeypatch.setattr(case_family.CaseFamily, "apply", fragile)
    report = sender().send("case", [{**LIFE[0], "SBLSH": f"N-{n:03d}"} for n in range(9)])
    assert statuses(report) == ["accepted"] * 3 + ["refused"] + ["accepted"] * 5
    assert codes(report) == [(None, "not_interpreted")]
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(CaseFile)) == 8


def test_an_interrupted_batch_is_finished_later(frozen_clock):
    department = sender()
    batch_id = department.store("case", LIFE)
    interpret.resume()
    assert report_of(batch_id)["status"] == "received"
    frozen_clock.advance(minutes=6)
    interpret.resume()
    assert report_of(batch_id)["status"] == "done"
    assert statuses(report_of(batch_id)) == ["accepted"] * 8
    interpret.run(batch_id)
    assert len(published("profiles.feed_batch_done")) == 1


def test_hostile_values_are_told_and_never_an_error():
    rows = [
        r'{"SBLSH": "a\u0000b", "SBSJ": "2026-03-01", "SQRZJHM": "ME", "SQRMC": "\ud800"}',
        r'{"SBLSH": 99999, "SBSJ": "2026-03-01", "SQRZJHM": "ME"}'.replace("99999", "9" * 5000),
        r'{"SBLSH": "x", "SBSJ": "9999-12-31", "SQRZJHM": "ME", "VERSION": 99999999999999999999}',
        r'{"SBLSH": "y", "SBSJ": "0001-01-01", "SQRZJHM": "ME"}',
        r'{"SBLSH": ["z"], "SBSJ": {"a": 1}, "SQRZJHM": true}',
        r'{"SBLSH": "w", "SLSJ": "2026-03-01", "GDBLSX": -5, "BLSX": 1e400, "\u0000": "\ud800"}',
        r'{"SBLSH": "v", "TBCXKSRQ": "20260301", "TBCXSX": "٣", "XH": "777"}'.replace("777", "7" * 300),
    ]
    report = sender().send("case", ("[" + ",".join(rows).replace("ME", ME) + "]").encode())
    assert statuses(report) == [
        "accepted_with_findings", "accepted_with_findings", "refused", "refused", "refused",
        "accepted_with_findings", "accepted_with_findings",
    ]  # fmt: skip
    assert set(codes(report)) >= {("SBLSH", "bad_characters"), ("SBLSH", "too_long"), ("SBSJ", "bad_date")}
    with reading() as db:
        assert all("\0" not in key for key in db.scalars(select(CaseFile.case_no)))


def test_a_batch_of_thousands_takes_seconds():
    from time import perf_counter

    seed_calendar()
    department = sender()
    rows = [
        {**row, "SBLSH": f"T-{n:04d}", **({"SQRZJHM": person(n)} if "SQRZJHM" in row else {})}
        for n in range(320)
        for row in LIFE
    ]
    random.Random(3).shuffle(rows)
    begun = perf_counter()
    report = department.send("case", rows)
    spent = perf_counter() - begun
    assert report["counts"]["accepted"] == 2560
    assert spent < 12, f"{len(rows) / spent:.0f} records/s"
    with reading() as db:
        assert set(db.scalars(select(CaseFile.state))) == {"in_review"}
        assert db.scalar(select(func.count()).select_from(Party)) == 320
        assert db.scalar(select(func.count()).select_from(FeedBatch)) == 1
    assert clock.now() == datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


def test_the_calendar_keeps_itself(frozen_clock):
    def days():
        with reading() as db:
            return db.scalar(select(func.count()).select_from(CalendarDay))

    calendar.keep()
    assert days() == sum(366 if year % 4 == 0 else 365 for year in range(2015, 2029))
    with transaction() as db:
        db.execute(update(CalendarDay).where(CalendarDay.provisional).values(source="holidays 0.1", working=False))
        imported = update(CalendarDay).where(CalendarDay.day == date(2026, 5, 6))
        db.execute(imported.values(working=False, source="import"))
    calendar.keep()
    with reading() as db:
        known = calendar.load(db)
    assert known.is_working(date(2027, 6, 10))
    assert not known.is_working(date(2026, 5, 6))
    frozen_clock.advance(days=366)
    calendar.keep()
    with reading() as db:
        assert calendar.load(db).is_provisional(date(2029, 6, 11))
        assert db.get(CalendarDay, date(2029, 6, 11)) is not None
