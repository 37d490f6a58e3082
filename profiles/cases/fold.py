"""The fold: from the set of a case's events to its state. A pure function; order and repetition do not matter.

Business time orders the events, never their arrival; times are compared by day, because many departments
tell only dates. Closing wins over everything (the safest state for the
applicant); then whatever is open and stops the clock; then the last step. Contradictions become findings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from kernel import clock as kernel_clock
from kernel.codes import item_code
from profiles.cases.clock import Limit, Pause, Timing
from profiles.cases.events import Event, winners
from profiles.cases.states import Bucket, State, Turn, bucket_of, turn_of

RESULTS: Final = {
    "0": State.GRANTED,
    "1": State.REFUSED,
    "2": State.VOID,
    "3": State.REMOVED,
    "4": State.FORWARDED,
    "5": State.LAPSED,
    "6": State.OTHER,
    "7": State.REFUSED,
}
"""BJJGDM. 6 differs by department (closed, licensed), 7 is written by a few for a refused licence."""

_PROGRESS: Final = {
    "SB": State.SUBMITTED,
    "WSYSL": State.PRE_CHECKED,
    "BZSL": State.SUPPLEMENT_RECEIVED,
    "SL": State.ACCEPTED,
    "SPCL": State.IN_REVIEW,
    "TBCXJG": State.IN_REVIEW,
}
_ONE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a case's events say together. `findings` are codes in the order of `words.FINDINGS`."""

    state: State
    turn: Turn
    bucket: Bucket
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    changed_at: datetime | None = None
    party_key: str | None = None
    applicant_name: str | None = None
    item_code: str | None = None
    item_name: str | None = None
    short_no: str | None = None
    reason: str | None = None
    timing: Timing
    findings: tuple[str, ...] = ()


def fold(events: Iterable[Event]) -> Folded:
    """The state of one case. Raises nothing: what does not fit is a finding."""
    ordered = winners(events)
    single = {event.kind: event for event in ordered if event.kind in {"SB", "WSYSL", "SL", "BJ", "LQDJ"}}
    submitted, accepted, closed = single.get("SB"), single.get("SL"), single.get("BJ")
    end = closed or _refusal(accepted) or _turned_away(ordered) or single.get("LQDJ")
    supplements = _supplements(ordered, accepted, end)
    specials = _specials(ordered, end)
    state = _state(ordered, single, supplements + specials)
    pick_up = bool(submitted and submitted.payload.get("pick_up"))
    return Folded(
        state=state,
        turn=turn_of(state, pick_up=pick_up),
        bucket=bucket_of(state),
        submitted_at=submitted.at if submitted else None,
        accepted_at=accepted.at if accepted and not _refusal(accepted) else None,
        closed_at=end.at if end else None,
        changed_at=max((event.at for event in ordered if event.kind != "SBCL"), default=None),
        party_key=_told(ordered, "party_key"),
        applicant_name=_told(ordered, "applicant_name"),
        item_code=_told(ordered, "item_code"),
        item_name=_told(ordered, "item_name"),
        short_no=_told(ordered, "short_no"),
        reason=_text(end, "reason") or _text(end, "result_text"),
        timing=_timing(ordered, single, end, supplements + specials),
        findings=_findings(ordered, single),
    )


def _state(ordered: list[Event], single: Mapping[str, Event], pauses: tuple[Pause, ...]) -> State:
    if "LQDJ" in single and _result(single.get("BJ")) in {State.GRANTED, State.OTHER, None}:
        return State.COLLECTED
    if result := _result(single.get("BJ")):
        return result
    if _refusal(single.get("SL")) or _turned_away(ordered):
        return State.REFUSED
    open_pauses = [pause for pause in pauses if pause.last is None]
    if open_pauses:
        latest = max(open_pauses, key=lambda pause: (pause.first, pause.kind))
        return State.SUPPLEMENT_REQUIRED if latest.kind == "supplement" else State.SPECIAL_PROCEDURE
    steps = [event for event in ordered if event.kind in _PROGRESS]
    if len(steps) > 1:
        steps = [event for event in steps if event.kind != "SB"]  # a late date of submission undoes no step
    return _PROGRESS[steps[-1].kind] if steps else State.UNKNOWN


def _result(closed: Event | None) -> State | None:
    return RESULTS.get(str(closed.payload.get("result")), State.OTHER) if closed else None


def _refusal(accepted: Event | None) -> Event | None:
    """A record of acceptance that says 不予受理 ends the case."""
    return accepted if accepted is not None and accepted.payload.get("refused") else None


def _turned_away(ordered: list[Event]) -> Event | None:
    """A pre-check that fails ends the case as long as nothing follows it."""
    last = next((event for event in reversed(ordered) if event.kind != "SBCL"), None)
    return last if last and last.kind == "WSYSL" and last.payload.get("refused") else None


def _supplements(ordered: list[Event], accepted: Event | None, end: Event | None) -> tuple[Pause, ...]:
    """Spans between a supplement's notice and its receipt; acceptance and closing end an unanswered one."""
    received = [event for event in ordered if event.kind == "BZSL"]
    pauses = []
    for asked in (event for event in ordered if event.kind == "BZGZ"):
        later = [event for event in received if _day(event.at) >= _day(asked.at)]
        answer = next((event for event in later if event.seq == asked.seq), later[0] if later else None)
        if answer in received:
            received.remove(answer)
        ends = [_day(event.at) for event in (answer, end) if event and _day(event.at) >= _day(asked.at)]
        if accepted and accepted.at > asked.at and not answer:
            ends.append(_day(accepted.at))
        pauses.append(
            Pause(
                kind="supplement",
                first=_day(asked.at) + _ONE,
                last=min(ends) if ends else None,
                reason=_text(asked, "reason"),
            )
        )
    return tuple(pauses)


def _specials(ordered: list[Event], end: Event | None) -> tuple[Pause, ...]:
    """Special procedures that stop the clock, from their first to their last day."""
    results = {event.seq: event for event in ordered if event.kind == "TBCXJG"}
    pauses = []
    for begun in (e for e in ordered if e.kind == "TBCXSQ" and not e.payload.get("extends")):
        result = results.get(begun.seq)
        stops = [_day(e.at) for e in (result, end) if e and _day(e.at) >= _day(begun.at)]
        pauses.append(
            Pause(
                kind="special",
                first=_day(begun.at),
                last=min(stops) if stops else None,
                reason=_text(begun, "special_name") or _text(begun, "reason"),
            )
        )
    return tuple(pauses)


def _timing(ordered: list[Event], single: Mapping[str, Event], end: Event | None, pauses: tuple[Pause, ...]) -> Timing:
    accepted = single.get("SL")
    told = accepted.payload if accepted else {}
    extensions = [event for event in ordered if event.kind == "TBCXSQ" and event.payload.get("extends")]
    code = item_code.parts(_told(ordered, "item_code") or "")
    dues = [event for event in ordered if event.kind == "BZGZ" and event.payload.get("due")]
    submitted = single.get("SB")
    return Timing(
        submitted=_day(submitted.at) if submitted else None,
        accepted=_day(accepted.at) if accepted and not _refusal(accepted) else None,
        closed=_day(end.at) if end else None,
        pauses=tuple(sorted(pauses, key=lambda pause: (pause.first, pause.last or date.max, pause.kind))),
        promise=_limit(told, "promise"),
        promise_by=_date(told.get("promise_by")),
        legal=_limit(told, "legal"),
        extension=sum(_number(event.payload.get("days")) for event in extensions),
        extension_reason=next((r for e in reversed(extensions) if (r := _text(e, "reason"))), None),
        supplement_due=_date(dues[-1].payload["due"]) if dues else None,
        licence=code is None or code.type == item_code.LICENCE,
    )


def _findings(ordered: list[Event], single: Mapping[str, Event]) -> tuple[str, ...]:
    submitted, accepted, closed = single.get("SB"), single.get("SL"), single.get("BJ")
    kinds = {event.kind for event in ordered}
    begun = {event.seq: _day(event.at) for event in ordered if event.kind == "TBCXSQ"}
    ended = {event.seq: _day(event.at) for event in ordered if event.kind == "TBCXJG"}
    steps = [_day(event.at) for event in ordered if event.kind == "SPCL"]
    keys = {event.payload["party_key"] for event in ordered if event.payload.get("party_key")}
    told = {
        "closed_without_acceptance": closed and not accepted,
        "closed_before_submission": closed and submitted and _day(closed.at) < _day(submitted.at),
        "accepted_before_submission": accepted and submitted and _day(accepted.at) < _day(submitted.at),
        "accepted_after_closing": accepted and closed and _day(accepted.at) > _day(closed.at),
        "steps_after_closing": closed and steps and max(steps) > _day(closed.at),
        "supplement_received_without_notice": "BZSL" in kinds and "BZGZ" not in kinds,
        "special_end_without_start": bool(ended.keys() - begun.keys()),
        "special_end_before_start": any(ended[seq] < begun[seq] for seq in ended.keys() & begun.keys()),
        "collected_without_closing": "LQDJ" in single and not closed,
        "no_submission": not submitted,
        "two_applicants": len(keys) > 1,
    }
    return tuple(code for code, holds in told.items() if holds)


def _told(ordered: list[Event], name: str) -> str | None:
    """What the application itself says, otherwise the first event that says anything."""
    first = sorted(ordered, key=lambda event: event.kind != "SB")
    return next((text for event in first if (text := _text(event, name))), None)


def _text(event: Event | None, name: str) -> str | None:
    value = event.payload.get(name) if event else None
    return value if isinstance(value, str) and value else None


def _limit(payload: Mapping[str, object], name: str) -> Limit | None:
    value = payload.get(f"{name}_limit")
    if not isinstance(value, int):
        return None
    return Limit(days=value, unit="calendar" if payload.get(f"{name}_unit") == "calendar" else "working")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _date(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None


def _day(instant: datetime) -> date:
    return kernel_clock.local(instant).date()
