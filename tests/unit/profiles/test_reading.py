"""Reading one record: columns by any name, dates in every spelling, and no value that upsets a family."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.feeds.reading import Column, Columns, Reading, parse_moment
from profiles.feeds.registry import families
from tests.factories.feeds import enterprise, person

COLUMNS = Columns((Column("name", "XM 姓名", ""), Column("version", "VERSION SJBBH", ""), Column("at", "SBSJ", "")))


def reading(**record):
    return Reading(record, COLUMNS)


@pytest.mark.parametrize("name", ["XM", "xm", " ｘｍ ", "姓名", "NAME"])
def test_columns_are_found_in_any_case_and_width(name):
    assert Reading({name: "陈"}, COLUMNS).text("name") == "陈"


def test_the_first_filled_column_of_a_meaning_counts():
    assert reading(XM="", 姓名="陈").text("name") == "陈"
    assert reading(XM="李", 姓名="陈").text("name") == "李"


def test_two_columns_may_not_share_a_name():
    with pytest.raises(ValueError, match="xm"):
        Columns((Column("a", "XM", ""), Column("b", "xm", "")))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-06 15:20:00",
        "2026-03-06T15:20:00",
        "2026/3/6 15:20",
        "20260306152000",
        "2026年3月6日 15时20分",
        "2026-03-06T07:20:00Z",
        "2026-03-06 15:20:00.000",
        "２０２６-03-06 15:20",
        "1772781600000",
    ],
)
def test_spellings_of_one_instant(text):
    assert parse_moment(text) == datetime(2026, 3, 6, 7, 20, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-06", "2026/3/6", "20260306", "2026.3.6", "2026年3月6日"])
def test_spellings_of_one_day(text):
    assert reading(SBSJ=text).day("at") == date(2026, 3, 6)


@pytest.mark.parametrize("text", ["", "x", "2026-13-01", "2026-02-30", "9999-12-31", "0001-01-01", "20260306250000"])
def test_what_is_no_date_is_told(text):
    one = reading(SBSJ=text)
    assert one.moment("at") is None
    assert [finding.code for finding in one.findings] == (["bad_date"] if text else [])


@pytest.mark.parametrize(
    ("text", "version"), [("2", 2), ("2.0", 2), ("0", 1), ("-1", 1), ("x", 1), ("9" * 30, 1), ("²", 1)]
)
def test_versions(text, version):
    one = reading(SJBBH=text)
    assert one.version() == version
    assert (one.findings == []) == (version == 2)


def test_a_finding_names_the_sender_s_column():
    one = reading(SJBBH="x", XM="\x00" + "长" * 300)
    one.version()
    one.text("name")
    assert [(finding.field, finding.code) for finding in one.findings] == [
        ("SJBBH", "bad_version"),
        ("XM", "bad_characters"),
        ("XM", "too_long"),
    ]


plain = st.text(max_size=40) | st.sampled_from(
    [person(1), enterprise(1), "1", "SL", "EX_GDBS_BJ", "2026-03-06", "长期", "有效", "\x00", "\ud800", "9" * 400]
)
values = st.recursive(
    st.none() | st.booleans() | plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.parametrize("name", ["case", "certificate", "item", "profile"])
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_no_value_upsets_a_family(name, data):
    family = families()[name]
    keys = st.sampled_from([column.name for column in family.columns.all])
    record = data.draw(st.dictionaries(keys, values, max_size=12))
    hint = data.draw(st.none() | st.sampled_from(["SB", "BZGZ", "TBCXSQ", "x"]))
    one = Reading(record, family.columns)
    told = None if one.refused else family.read(one, hint=hint)
    assert (told is None) == one.refused
    if told is not None:
        assert told.key.isprintable() or "\ufffd" not in told.key
        assert len(told.key) <= 200
        assert len(told.label) <= 200
