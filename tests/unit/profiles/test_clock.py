"""The legal clock: dates of the design's examples, the calendar, pauses, extensions, the five-days rule."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.cases.calendar import Calendar, official_days
from profiles.cases.clock import Limit, Limits, Pause, Timing, counted, deadline, settled, start
from profiles.cases.ruler import ruler

D = date


@pytest.fixture(scope="module")
def china():
    days = official_days(range(2025, 2028))
    return Calendar({row["day"]: row["working"] for row in days}, {r["day"].year for r in days if r["provisional"]})


def test_make_up_saturdays_work_and_bridge_days_do_not(china):
    assert china.is_working(D(2026, 2, 14))
    assert china.is_working(D(2026, 2, 28))
    assert not china.is_working(D(2026, 2, 20))
    assert not china.is_working(D(2026, 4, 6))
    assert china.is_working(D(2026, 1, 4))
    assert not china.is_working(D(2026, 3, 15))


def test_a_year_without_notice_is_provisional(china):
    assert not china.is_provisional(D(2026, 5, 1))
    assert china.is_provisional(D(2027, 5, 1))
    assert china.is_provisional(D(2031, 5, 1))


@settings(deadline=None)
@given(st.dates(D(2024, 6, 1), D(2028, 6, 1)), st.integers(1, 300))
def test_the_nth_working_day_is_a_working_day_and_the_nth(china, day, n):
    end = china.add(day, n)
    assert china.is_working(end)
    assert china.between(day, end) == n
    assert china.between(day, end - timedelta(days=1)) == n - 1


def test_the_design_s_first_case(china):
    """Accepted 6 March, tested 11 to 13 March: on 18 March five days are used and three are left (design §6.1)."""
    timing = Timing(
        accepted=D(2026, 3, 6),
        promise=Limit(days=8),
        legal=Limit(days=20),
        pauses=(Pause(kind="special", first=D(2026, 3, 11), last=D(2026, 3, 13), reason="检测"),),
    )
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert (drawn.used, drawn.left, drawn.paused) == (5, 3, 3)
    assert drawn.promise_date == D(2026, 3, 23)
    assert drawn.legal_date == D(2026, 4, 9)
    assert drawn.from_day == D(2026, 3, 9)
    assert drawn.cells[:8] == ("is-done",) * 2 + ("is-pause",) * 3 + ("is-done",) * 2 + ("is-today",)
    assert drawn.cells[8:11] == ("is-promise",) * 3
    assert drawn.cells[11:] == ("",) * 12
    assert drawn.due == D(2026, 3, 23)
    assert drawn.label == (
        "办理时限：已用5个工作日；承诺8个工作日，还剩3个工作日，3月23日前办结；法定20个工作日，4月9日前办结；"
        "另有3个工作日不计入"
    )


def test_past_the_promise_cells_are_late(china):
    timing = Timing(accepted=D(2026, 3, 3), promise=Limit(days=8), legal=Limit(days=20))
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert (drawn.used, drawn.left, drawn.late_promise, drawn.late_legal) == (11, -3, 3, 0)
    assert drawn.cells[7:11] == ("is-done", "is-done is-late", "is-done is-late", "is-today is-late")
    assert "已超过3个工作日" in drawn.label


def test_before_acceptance_nothing_counts(china):
    drawn = ruler(Timing(submitted=D(2026, 3, 16), legal=Limit(days=20)), china, D(2026, 3, 18))
    assert not drawn.started
    assert drawn.cells == ("",) * 20
    assert drawn.due == D(2026, 3, 23)


def test_five_days_of_silence_are_acceptance_on_the_day_of_receipt(china):
    timing = Timing(submitted=D(2026, 3, 2), promise=Limit(days=10))
    assert start(timing, china, D(2026, 3, 9)).day is None
    silent = start(timing, china, D(2026, 3, 10))
    assert (silent.day, silent.assumed) == (D(2026, 3, 2), True)
    drawn = ruler(timing, china, D(2026, 3, 10))
    assert drawn.started
    assert drawn.assumed
    assert drawn.used == 6


def test_an_acceptance_told_too_late_does_not_set_the_clock_back(china):
    timing = Timing(submitted=D(2026, 3, 2), accepted=D(2026, 3, 16))
    assert start(timing, china, D(2026, 3, 18)).day == D(2026, 3, 2)
    in_time = Timing(submitted=D(2026, 3, 2), accepted=D(2026, 3, 9))
    assert start(in_time, china, D(2026, 3, 18)).day == D(2026, 3, 9)


def test_the_five_days_are_a_rule_for_licences_only(china):
    timing = Timing(submitted=D(2026, 3, 2), licence=False)
    assert start(timing, china, D(2026, 4, 10)).day is None


def test_a_supplement_asked_in_time_starts_the_five_days_again_when_it_comes(china):
    asked = Pause(kind="supplement", first=D(2026, 3, 4))
    waiting = Timing(submitted=D(2026, 3, 2), pauses=(asked,), supplement_due=D(2026, 3, 25))
    assert start(waiting, china, D(2026, 4, 20)).day is None
    assert ruler(waiting, china, D(2026, 3, 18)).due == D(2026, 3, 25)
    come = Timing(submitted=D(2026, 3, 2), pauses=(Pause(kind="supplement", first=D(2026, 3, 4), last=D(2026, 3, 16)),))
    assert start(come, china, D(2026, 3, 23)).answer_by == D(2026, 3, 23)
    assert start(come, china, D(2026, 3, 24)).day == D(2026, 3, 16)


def test_a_supplement_asked_too_late_does_not_undo_the_acceptance(china):
    asked = Pause(kind="supplement", first=D(2026, 3, 13), last=D(2026, 3, 17))
    timing = Timing(submitted=D(2026, 3, 2), pauses=(asked,), promise=Limit(days=10))
    assert start(timing, china, D(2026, 3, 18)).day == D(2026, 3, 2)
    assert ruler(timing, china, D(2026, 3, 18)).paused == 3


def test_an_open_special_procedure_has_no_promised_date(china):
    timing = Timing(
        accepted=D(2026, 3, 6),
        promise=Limit(days=8),
        legal=Limit(days=20),
        pauses=(Pause(kind="special", first=D(2026, 3, 11)),),
    )
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert drawn.is_paused
    assert (drawn.used, drawn.left, drawn.paused) == (2, 6, 6)
    assert drawn.promise_date is None
    assert drawn.due is None
    assert drawn.cells[:9] == ("is-done",) * 2 + ("is-pause",) * 6 + ("is-promise",)
    assert drawn.late_promise == 0


def test_pauses_that_overlap_count_once(china):
    pauses = (
        Pause(kind="special", first=D(2026, 3, 11), last=D(2026, 3, 13)),
        Pause(kind="supplement", first=D(2026, 3, 12), last=D(2026, 3, 17)),
    )
    timing = Timing(accepted=D(2026, 3, 6), promise=Limit(days=8), pauses=pauses)
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert drawn.paused == 5
    assert drawn.used == 3


def test_an_extension_lengthens_the_legal_limit_only(china):
    timing = Timing(
        accepted=D(2026, 3, 6),
        promise=Limit(days=8),
        legal=Limit(days=20),
        extension=10,
        extension_reason="案情复杂",
    )
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert drawn.promise_date == D(2026, 3, 18)
    assert drawn.legal == 30
    assert drawn.cells[20:] == ("is-extended",) * 10
    assert "依法延长10个工作日" in drawn.label


def test_a_closed_case_keeps_its_last_day(china):
    timing = Timing(accepted=D(2026, 3, 6), closed=D(2026, 3, 12), promise=Limit(days=8), legal=Limit(days=20))
    for today in (D(2026, 3, 12), D(2026, 6, 1)):
        drawn = ruler(timing, china, today)
        assert (drawn.used, drawn.left, drawn.early, drawn.late_promise) == (4, 4, 4, 0)
        assert drawn.due is None
        assert not any("is-today" in cell for cell in drawn.cells)
    assert "提前4个工作日办结" in drawn.label


def test_limits_in_calendar_days_end_on_a_working_day(china):
    timing = Timing(accepted=D(2026, 3, 6), legal=Limit(days=15, unit="calendar"))
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert drawn.legal_date == D(2026, 3, 23)  # the fifteenth day, 21 March, is a Saturday
    assert (drawn.unit, drawn.used, drawn.from_day) == ("calendar", 12, D(2026, 3, 7))
    assert "已用12个自然日" in drawn.label
    assert ruler(timing, china, D(2026, 3, 23)).late_legal == 0
    assert ruler(timing, china, D(2026, 3, 24)).late_legal == 1


def test_same_day_items_have_no_ruler(china):
    timing = Timing(accepted=D(2026, 3, 18), promise=Limit(days=0), legal=Limit(days=20))
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert drawn.same_day
    assert drawn.cells == ()
    assert drawn.late_promise == 0
    assert ruler(timing, china, D(2026, 3, 20)).late_promise == 2


def test_more_than_thirty_days_share_cells(china):
    timing = Timing(accepted=D(2026, 3, 6), legal=Limit(days=60))
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert drawn.cell_days == 2
    assert len(drawn.cells) == 30
    assert drawn.cells[3] == "is-today"
    assert "每格代表2个工作日" in drawn.label


def test_a_case_years_over_its_limit_stays_cheap_and_says_so(china):
    timing = Timing(accepted=D(2024, 3, 6), promise=Limit(days=8), legal=Limit(days=20))
    drawn = ruler(timing, china, D(2026, 3, 18))
    assert len(drawn.cells) <= 30
    assert drawn.late_promise == counted(timing, D(2024, 3, 6), D(2026, 3, 18), "working", china) - 8


def test_a_promised_date_and_the_catalogue_fill_in_for_numbers(china):
    told = settled(Timing(accepted=D(2026, 3, 6), promise_by=D(2026, 3, 18)), china)
    assert told.promise == Limit(days=8)
    item = Limits(promise=Limit(days=5), legal=Limit(days=20))
    assert settled(told, china, item=item).promise == Limit(days=8)
    assert settled(told, china, item=item).legal == Limit(days=20)


@settings(deadline=None)
@given(
    begun=st.dates(D(2025, 2, 1), D(2026, 10, 1)),
    days=st.integers(1, 90),
    unit=st.sampled_from(["working", "calendar"]),
    pauses=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=4),
)
def test_the_deadline_is_the_day_on_which_the_limit_is_used_up(china, begun, days, unit, pauses):
    timing = Timing(
        pauses=tuple(
            Pause(kind="special", first=begun + timedelta(days=at), last=begun + timedelta(days=at + length))
            for at, length in pauses
        )
    )
    end = deadline(timing, begun, Limit(days=days, unit=unit), china)
    assert end is not None
    assert counted(timing, begun, end, unit, china) >= days
    if unit == "working":
        assert counted(timing, begun, end, unit, china) == days
        assert counted(timing, begun, end - timedelta(days=1), unit, china) == days - 1


@settings(deadline=None)
@given(
    today=st.dates(D(2026, 1, 1), D(2026, 12, 31)),
    submitted=st.none() | st.dates(D(2026, 1, 1), D(2026, 12, 31)),
    accepted=st.none() | st.dates(D(2026, 1, 1), D(2026, 12, 31)),
    closed=st.none() | st.dates(D(2026, 1, 1), D(2026, 12, 31)),
    promise=st.none() | st.integers(0, 50),
    legal=st.none() | st.integers(0, 100),
    extension=st.integers(0, 20),
    pauses=st.lists(
        st.tuples(
            st.sampled_from(["supplement", "special"]),
            st.dates(D(2026, 1, 1), D(2026, 12, 31)),
            st.none() | st.integers(-3, 40),
        ),
        max_size=4,
    ),
)
def test_no_case_upsets_the_ruler(china, today, pauses, promise, legal, **told):
    timing = Timing(
        **told,
        promise=None if promise is None else Limit(days=promise),
        legal=None if legal is None else Limit(days=legal),
        pauses=tuple(
            Pause(kind=kind, first=first, last=None if length is None else first + timedelta(days=length))
            for kind, first, length in pauses
        ),
    )
    drawn = ruler(timing, china, today)
    assert len(drawn.cells) <= 30
    assert drawn.used >= 0
    assert drawn.label
    assert sum("is-today" in cell for cell in drawn.cells) <= 1
