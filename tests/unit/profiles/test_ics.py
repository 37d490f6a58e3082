"""The calendar file, read back by the rules of RFC 5545."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.person.ics import MOST_OCTETS, day_file

BASE = {
    "uid": "case-1@kapok",
    "day": date(2026, 12, 31),
    "title": "期限",
    "text": "说明",
    "url": "https://id.example.gov.cn/me/cases/1",
    "stamp": datetime(2026, 3, 4, 2, 0, 5, tzinfo=UTC),
}


def unfolded(text):
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def test_is_an_all_day_event_that_ends_on_the_next_day():
    lines = unfolded(day_file(**BASE))
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert "DTSTART;VALUE=DATE:20261231" in lines
    assert "DTEND;VALUE=DATE:20270101" in lines
    assert "DTSTAMP:20260304T020005Z" in lines
    assert "UID:case-1@kapok" in lines
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1


@pytest.mark.parametrize(
    ("sent", "written"),
    [("a,b;c\\d", "a\\,b\\;c\\\\d"), ("第一行\r\n第二行\n三", "第一行\\n第二行\\n三"), ("x\x00\x07\x7fy", "xy")],
)
def test_text_is_escaped(sent, written):
    assert f"SUMMARY:{written}" in unfolded(day_file(**BASE | {"title": sent}))


@given(st.text(max_size=300))
def test_no_line_is_longer_than_the_standard_allows_and_nothing_breaks_out(title):
    text = day_file(**BASE | {"title": title})
    assert all(len(line.encode()) <= MOST_OCTETS for line in text.split("\r\n"))
    assert not re.search(r"(?<!\r)\n|\r(?!\n)", text)
    assert sum(line.startswith("SUMMARY:") for line in unfolded(text)) == 1
    assert unfolded(text).count("BEGIN:VEVENT") == 1
