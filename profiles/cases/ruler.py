"""The time-limit ruler: the clock of one case on one day, as cells and as numbers for words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from profiles.cases.calendar import Calendar
from profiles.cases.clock import (
    Limit,
    Timing,
    Unit,
    counted,
    deadline,
    legal_limit,
    next_due,
    paused,
    start,
    stretches,
)

MAX_CELLS: Final = 30
_IDLE_CELLS: Final = 20
_MOST_DAYS: Final = 180
"""Days drawn at most: a case years over its limit says so in words, not in thousands of cells."""
_ONE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """What a page draws and says; numbers are days of `unit`.

    `cells` are CSS classes (`is-done`, `is-pause`, `is-today`, `is-promise`, `is-late`, `is-extended`, or nothing);
    each stands for `cell_days` days. `left` counts to the promise, or to the legal limit where nothing was
    promised; negative when late. Dates are None while a pause goes on: nobody can know them yet.
    """

    started: bool = False
    cells: tuple[str, ...] = ()
    cell_days: int = 1
    unit: Unit = "working"
    used: int = 0
    left: int | None = None
    promise: int | None = None
    promise_date: date | None = None
    legal: int | None = None
    legal_date: date | None = None
    paused: int = 0
    pause_reason: str | None = None
    is_paused: bool = False
    extended: int = 0
    extension_reason: str | None = None
    late_promise: int = 0
    late_legal: int = 0
    assumed: bool = False
    from_day: date | None = None
    closed: bool = False
    early: int = 0
    same_day: bool = False
    provisional: bool = False
    due: date | None = None

    @property
    def label(self) -> str:
        """The whole ruler in one sentence."""
        from profiles.cases.words import ruler_label

        return ruler_label(self)


def ruler(timing: Timing, calendar: Calendar, today: date) -> Ruler:
    """The ruler of a case as of `today`; a closed case stays as it was on its last day."""
    began = start(timing, calendar, today)
    reasons = [pause.reason for pause in timing.pauses if pause.kind == "special" and pause.reason]
    base = Ruler(
        started=began.day is not None,
        unit=(timing.legal or timing.promise or Limit(days=0)).unit,
        promise=timing.promise.days if timing.promise else None,
        legal=timing.legal.days + timing.extension if timing.legal else None,
        is_paused=timing.closed is None and any(pause.last is None for pause in timing.pauses),
        pause_reason=reasons[-1] if reasons else None,
        extended=timing.extension,
        extension_reason=timing.extension_reason,
        assumed=began.assumed,
        closed=timing.closed is not None,
        due=next_due(timing, began, calendar),
    )
    goal = timing.promise or legal_limit(timing)
    if began.day is None:
        cells = min(timing.legal.days if timing.legal else _IDLE_CELLS, MAX_CELLS)
        return base if base.closed else replace(base, cells=("",) * cells)
    if goal is None:
        return base
    span = _Span(timing, calendar, today, began.day)
    if goal.days == 0:
        day = calendar.next_working(began.day)
        late = counted(timing, day, span.until, goal.unit, calendar)
        return replace(base, same_day=True, promise_date=day, late_promise=late)
    return _running(span, base, goal)


@dataclass(frozen=True, slots=True)
class _Span:
    """A started clock: what it counts, from when, and until when."""

    timing: Timing
    calendar: Calendar
    today: date
    begun: date

    @property
    def until(self) -> date:
        return min(self.today, self.timing.closed or self.today)

    def used(self, unit: Unit) -> int:
        return counted(self.timing, self.begun, self.until, unit, self.calendar)

    def end(self, limit: Limit | None) -> date | None:
        return deadline(self.timing, self.begun, limit, self.calendar) if limit else None

    def late(self, limit: Limit | None, end: date | None) -> int:
        """Counted days past a limit, in its own unit. A pause that goes on before the end: not late."""
        if limit is None or end is None or self.until <= end:
            return 0
        return max(counted(self.timing, end, self.until, limit.unit, self.calendar), 1)


def _running(span: _Span, base: Ruler, goal: Limit) -> Ruler:
    legal = legal_limit(span.timing)
    promise_date, legal_date = span.end(span.timing.promise), span.end(legal)
    left = goal.days - span.used(goal.unit)
    cells, width = _cells(span, base)
    return replace(
        base,
        cells=cells,
        cell_days=width,
        used=span.used(base.unit),
        left=left,
        promise_date=promise_date,
        legal_date=legal_date,
        paused=paused(span.timing, span.begun, span.until, base.unit, span.calendar),
        late_promise=span.late(span.timing.promise, promise_date),
        late_legal=span.late(legal, legal_date),
        early=max(left, 0) if base.closed else 0,
        from_day=span.calendar.add(span.begun, 1) if base.unit == "working" else span.begun + _ONE,
        provisional=any(span.calendar.is_provisional(day) for day in (promise_date, legal_date) if day),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    day: date
    number: int
    paused: bool


def _cells(span: _Span, base: Ruler) -> tuple[tuple[str, ...], int]:
    """The cells' classes and how many days each stands for."""
    timing, until = span.timing, span.until
    length = (base.legal if base.legal is not None else base.promise) or 0
    promise = timing.promise.days if timing.promise and timing.promise.unit == base.unit else None
    plain = base.legal - timing.extension if base.legal is not None else None
    names: list[str] = []
    for at in _days(span, base.unit):
        beyond = at.number > length or (at.paused and at.number == length)
        if len(names) == _MOST_DAYS or (at.day > until and beyond):
            break
        names.append(
            "is-pause"
            if at.paused
            else _class(
                passed=at.day <= until,
                today=at.day == span.today and not base.closed,
                promised=promise is not None and at.number <= promise,
                over=at.number > (promise if promise is not None else length),
                extended=plain is not None and plain < at.number <= plain + timing.extension,
            )
        )
    width = max(-(-len(names) // MAX_CELLS), 1)
    return tuple(_merged(names[i : i + width]) for i in range(0, len(names), width)), width


def _class(*, passed: bool, today: bool, promised: bool, over: bool, extended: bool) -> str:
    names = []
    if passed:
        names.append("is-today" if today else "is-done")
        if over:
            names.append("is-late")
    elif promised:
        names.append("is-promise")
    if extended:
        names.append("is-extended")
    return " ".join(names)


def _days(span: _Span, unit: Unit) -> Iterator[_Day]:
    """The days after acceptance; a pause that goes on is drawn up to today, as if it ended there."""
    until = span.until
    pauses = [(first, min(last, max(first, until))) for first, last in stretches(span.timing, span.begun)]
    day, number = span.begun, 0
    while True:
        day = span.calendar.add(day, 1) if unit == "working" else day + _ONE
        is_paused = any(first <= day <= last for first, last in pauses)
        number += not is_paused
        yield _Day(day=day, number=number, paused=is_paused)


def _merged(group: Sequence[str]) -> str:
    """One cell for several days: today above all, then whatever most of them are."""
    today = next((name for name in group if name.startswith("is-today")), None)
    return today or max(group, key=group.count)
