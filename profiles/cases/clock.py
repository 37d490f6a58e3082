"""The honest legal clock of a case: pure functions over dates.

Day 1 is the first working day after acceptance (行政许可法 Art. 82: days are working days). Days on which the
applicant supplies materials, and special procedures (Art. 45), do not count. An extension (Art. 42) lengthens
the legal limit only. A department that neither accepts nor asks for a supplement within five days has accepted
on the day of receipt (Art. 32).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

from profiles.cases.calendar import Calendar

Unit = Literal["working", "calendar"]
PauseKind = Literal["supplement", "special"]

ANSWER_WITHIN: Final = 5
"""Working days to accept or to ask for a supplement (行政许可法 Art. 32)."""
_ONE: Final = timedelta(days=1)
_EVER: Final = date.max


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    days: int
    unit: Unit = "working"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Days that do not count, from `first` to `last`, both included; `last` is None while it goes on.

    A special procedure takes its first and its last day. A supplement runs from the day after it was asked for
    (the department used that day) to the day it came; `first` after `last` is a pause of no day.
    """

    kind: PauseKind
    first: date
    last: date | None = None
    reason: str | None = None

    @property
    def asked(self) -> date:
        """The day on which a supplement was asked for."""
        return self.first - _ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The dates of a case that its clock depends on, as the fold found them."""

    submitted: date | None = None
    accepted: date | None = None
    closed: date | None = None
    pauses: tuple[Pause, ...] = ()
    promise: Limit | None = None
    promise_by: date | None = None
    """A promised date, from departments that tell no number of days."""
    legal: Limit | None = None
    extension: int = 0
    extension_reason: str | None = None
    supplement_due: date | None = None
    licence: bool = True
    """The five days are a rule for licences; False when the item's code says that it is something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the item catalogue says of an item."""

    promise: Limit | None = None
    legal: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The day that counts as acceptance, None before; `assumed` when the law says so, not the department."""

    day: date | None
    assumed: bool = False
    answer_by: date | None = None
    """Until when the department must answer, while nothing has started."""


def start(timing: Timing, calendar: Calendar, today: date) -> Start:
    """The day the clock runs from. Each supplement asked for in time starts the five days again when it comes."""
    received = timing.submitted
    if received is None or not timing.licence:
        return Start(day=timing.accepted)
    asked = [pause for pause in timing.pauses if pause.kind == "supplement"]
    while True:
        answer_by = calendar.add(received, ANSWER_WITHIN)
        notice = next((p for p in asked if received <= p.asked <= answer_by), None)
        if notice is None:
            late = (timing.accepted or timing.closed or today) > answer_by
            day = received if late else timing.accepted
            return Start(day=day, assumed=late, answer_by=None if day else answer_by)
        if notice.last is None or (timing.accepted is not None and timing.accepted <= notice.last):
            return Start(day=timing.accepted)
        asked.remove(notice)
        received = max(notice.last, received)


def settled(timing: Timing, calendar: Calendar, *, item: Limits | None = None) -> Timing:
    """The timing with every limit as a number of days: told, from the promised date, or from the item's entry."""
    promise, legal = timing.promise, timing.legal
    if promise is None and timing.promise_by is not None and timing.accepted is not None:
        promise = Limit(days=max(calendar.between(timing.accepted, timing.promise_by), 0))
    if item is not None:
        promise, legal = promise or item.promise, legal or item.legal
    return replace(timing, promise=promise, legal=legal)


def legal_limit(timing: Timing) -> Limit | None:
    """The legal limit with what an extension added."""
    if timing.legal is None:
        return None
    return Limit(days=timing.legal.days + timing.extension, unit=timing.legal.unit)


def counted(timing: Timing, begun: date, until: date, unit: Unit, calendar: Calendar) -> int:
    """Days of a limit used after `begun`, up to and including `until`."""
    if until <= begun:
        return 0
    return _span(begun, until, unit, calendar) - paused(timing, begun, until, unit, calendar)


def paused(timing: Timing, begun: date, until: date, unit: Unit, calendar: Calendar) -> int:
    """Days after `begun` up to `until` that some pause covers: drawn, not counted."""
    return sum(
        _span(first - _ONE, min(last, until), unit, calendar)
        for first, last in stretches(timing, begun)
        if first <= until
    )


def deadline(timing: Timing, begun: date, limit: Limit, calendar: Calendar) -> date | None:
    """The last day of a limit; None when a pause that has no end yet lies before it: nobody can know.

    A limit in calendar days that ends on a day off ends on the next working day (民法典 Art. 203).
    """
    left, day = limit.days, begun
    for first, last in stretches(timing, begun):
        free = _span(day, first - _ONE, limit.unit, calendar)
        if left <= free:
            break
        if last == _EVER:
            return None
        left -= free
        day = last
    if limit.unit == "working" and limit.days:
        return calendar.add(day, left)
    return calendar.next_working(day + timedelta(days=left))


def next_due(timing: Timing, began: Start, calendar: Calendar) -> date | None:
    """The next date that binds somebody: the applicant's supplement, the answer, then the earlier limit."""
    if timing.closed is not None:
        return None
    running = {pause.kind for pause in timing.pauses if pause.last is None}
    if running:
        return timing.supplement_due if "supplement" in running else None
    if began.day is None:
        return began.answer_by
    limits = (limit for limit in (timing.promise, legal_limit(timing)) if limit is not None)
    ends = (deadline(timing, began.day, limit, calendar) for limit in limits)
    return min((end for end in ends if end is not None), default=None)


def stretches(timing: Timing, begun: date) -> Iterator[tuple[date, date]]:
    """The pauses after `begun` as stretches that neither touch nor overlap, in order; an open one never ends."""
    first: date | None = None
    last = begun
    for pause in sorted(timing.pauses, key=lambda p: p.first):
        opens, ends = max(pause.first, begun + _ONE), pause.last or _EVER
        if ends < opens:
            continue
        if first is not None and opens <= last:
            last = max(last, ends)
            continue
        if first is not None:
            yield first, last
        first, last = opens, ends
    if first is not None:
        yield first, last


def _span(after: date, until: date, unit: Unit, calendar: Calendar) -> int:
    """Days of this unit after `after`, up to and including `until`; 0 when `until` is not later."""
    if until <= after:
        return 0
    return calendar.between(after, until) if unit == "working" else (until - after).days
