"""A case's events as the steps of a timeline: what happened, who did it, what stopped the clock, what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from kernel import clock
from profiles.cases import words
from profiles.cases.calendar import Calendar
from profiles.cases.events import order
from profiles.cases.ruler import Ruler
from profiles.cases.states import CLOSED, State

Mark = Literal["past", "now", "pause", "next"]
_TEXTS: Final = ("reason", "opinion", "result_text", "content")
_MATERIAL_KINDS: Final = {"0": "original", "1": "copy", "2": "electronic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvent:
    kind: str
    seq: str
    at: datetime
    reported_at: datetime
    payload: Mapping[str, Any]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the timeline. A step to come has no `at`, perhaps a `due`.

    `until` ends a special procedure, `days_not_counted` are its working days; `materials` are those asked for or
    received; `due` is the applicant's date for a supplement, or when a step to come is to be done by.
    """

    kind: str
    title: str
    mark: Mark
    at: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    who: str | None = None
    who_no: str | None = None
    unit: str | None = None
    days_not_counted: int | None = None
    materials: tuple[str, ...] = ()
    due: date | None = None
    source: str | None = None
    reported_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A material of the application; `kind` is `original`, `copy` or `electronic`, None when not told."""

    name: str
    kind: str | None
    count: int | None
    at: datetime


def materials_of(events: Sequence[StepEvent]) -> tuple[Material, ...]:
    """The materials reported with the application, by name."""
    return tuple(
        Material(
            name=str(event.payload.get("material_name") or event.seq),
            kind=_MATERIAL_KINDS.get(str(event.payload.get("material_kind"))),
            count=event.payload.get("count"),
            at=event.at,
        )
        for event in sorted(events, key=lambda e: (str(e.payload.get("material_name")), e.seq))
        if event.kind == "SBCL"
    )


def steps_of(
    events: Sequence[StepEvent], state: State, ruler: Ruler, calendar: Calendar, today: date
) -> tuple[Step, ...]:
    """The timeline, newest first, what comes next on top."""
    shown = sorted(
        (event for event in events if event.kind != "SBCL"),
        key=lambda event: (*order(event.at, event.kind), event.seq),
        reverse=True,
    )
    ends = {event.seq: event for event in shown if event.kind == "TBCXJG"}
    begun = {event.seq for event in shown if event.kind == "TBCXSQ"}
    steps: list[Step] = []
    for event in shown:
        if event.kind == "TBCXJG" and event.seq in begun:
            continue
        now = not steps and state not in CLOSED
        steps.append(_step(event, ends.get(event.seq), now=now, calendar=calendar, today=today))
    return (*_coming(state, ruler, bool(steps)), *steps)


def _step(event: StepEvent, end: StepEvent | None, *, now: bool, calendar: Calendar, today: date) -> Step:
    payload = event.payload
    special = event.kind == "TBCXSQ" and not payload.get("extends")
    until = end.at if special and end else None
    days = None
    if special:
        last = clock.local(until).date() if until else today
        days = calendar.between(clock.local(event.at).date() - timedelta(days=1), last)
    stops = special or event.kind == "BZGZ"
    return Step(
        kind=event.kind,
        title=words.event_title(event.kind, payload),
        mark="pause" if stops else "now" if now else "past",
        at=event.at,
        until=until,
        text=next((str(payload[name]) for name in _TEXTS if payload.get(name)), None),
        who=payload.get("who"),
        who_no=payload.get("who_no"),
        unit=payload.get("unit"),
        days_not_counted=days,
        materials=tuple(payload.get("materials", ())),
        due=date.fromisoformat(payload["due"]) if payload.get("due") else None,
        source=event.source,
        reported_at=event.reported_at,
    )


def _coming(state: State, ruler: Ruler, any_steps: bool) -> tuple[Step, ...]:  # noqa: FBT001
    """What is still to come: acceptance while there is none, then the decision."""
    if state in CLOSED or not any_steps:
        return ()
    decision = Step(
        kind="BJ",
        title=words.event_title("BJ", {}),
        mark="next",
        due=(ruler.promise_date or ruler.legal_date) if ruler.started else None,
    )
    if ruler.started:
        return (decision,)
    due = None if ruler.is_paused else ruler.due
    return (decision, Step(kind="SL", title=words.event_title("SL", {}), mark="next", due=due))
