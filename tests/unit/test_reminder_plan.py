from datetime import UTC, date, datetime, time

import pytest

from kernel import clock
from subscriptions.plan import steps
from subscriptions.tell import after_quiet_hours

TODAY = date(2026, 3, 4)
STEPS = (60, 30, 7)


def days(deadline: date) -> list[int]:
    return [step.days_before for step in steps(deadline, STEPS, today=TODAY)]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (200, [60, 30, 7]),
        (61, [60, 30, 7]),
        (60, [60, 30, 7]),
        (59, [60, 30, 7]),
        (30, [30, 7]),
        (20, [30, 7]),
        (8, [30, 7]),
        (7, [7]),
        (0, [7]),
        (-1, []),
    ],
)
def test_the_step_that_is_reached_and_those_to_come_are_planned_and_none_that_is_passed_over(left, expected):
    assert days(date.fromordinal(TODAY.toordinal() + left)) == expected


def test_a_step_is_due_when_its_day_begins_in_the_province():
    first = steps(date(2026, 12, 31), STEPS, today=TODAY)[0]
    assert clock.local(first.due_at).timetz().replace(tzinfo=None) == time(0)
    assert clock.local(first.due_at).date() == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("hour", "expected_day", "expected_hour"),
    [(7, 4, 8), (8, 4, 8), (12, 4, 12), (21, 4, 21), (22, 5, 8), (23, 5, 8), (0, 4, 8)],
)
def test_a_letter_waits_for_the_end_of_the_quiet_hours(hour, expected_day, expected_hour):
    moment = datetime.combine(TODAY, time(hour), tzinfo=clock.zone()).astimezone(UTC)
    local = clock.local(after_quiet_hours(moment))
    assert (local.day, local.hour) == (expected_day, expected_hour)
