"""Keeping case events as reported, and the snapshot of every case they touch.

One chunk of records is one call: the cases are locked in one order, their events read once, the winners written, each
touched case folded once. What others hear of is published only when the fold says something new.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from kernel import clock, outbox
from kernel.db import is_postgresql
from profiles.cases.calendar import Calendar, calendar
from profiles.cases.clock import Timing, next_due, settled, start
from profiles.cases.events import Event
from profiles.cases.fold import Folded, fold
from profiles.cases.read import limits_of
from profiles.cases.snapshot import dump
from profiles.cases.states import State
from profiles.events import CaseChanged, SupplementAsked
from profiles.items import Item, items
from profiles.models.case import CaseEvent, CaseFile
from profiles.upsert import upsert

_FILE: Final = cast("Table", CaseFile.__table__)
_COMPARED: Final = (
    "short_no",
    "item_code",
    "item_name",
    "party_key",
    "applicant_name",
    "state",
    "turn",
    "bucket",
    "submitted_at",
    "accepted_at",
    "closed_at",
    "changed_at",
    "due",
    "snapshot",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One event of the case `case_no` of a department."""

    case_no: str
    event: Event


def record(db: Session, department_id: str, reported: Iterable[Reported]) -> None:
    """Write these events where they win their place, and fold the cases that they change."""
    by_case: dict[str, list[Event]] = {}
    for one in reported:
        by_case.setdefault(one.case_no, []).append(one.event)
    files = _files(db, department_id, by_case)
    held = _events(db, [row["id"] for row in files.values()])
    rows: list[dict[str, Any]] = []
    touched: dict[str, list[Event]] = {}
    for case_no, told in sorted(by_case.items()):
        case_id = files[case_no]["id"]
        places = held.setdefault(case_id, {})
        won = {}
        for event in told:
            before = places.get(event.place)
            if before is None or event.precedence >= before.precedence:
                places[event.place] = won[event.place] = event
        rows += [_row(case_id, department_id, won[place]) for place in sorted(won)]
        if won:
            touched[case_no] = list(places.values())
    upsert(
        db,
        CaseEvent,
        rows,
        key=("case_id", "kind", "seq"),
        update=("version", "at", "reported_at", "payload", "department_id", "raw_id"),
    )
    _refold(db, {case_no: (files[case_no], events) for case_no, events in touched.items()})


def withdraw(db: Session, raw_ids: Sequence[str]) -> None:
    """Take back the events of these records and fold their cases without them."""
    case_ids = set(db.scalars(select(CaseEvent.case_id).where(CaseEvent.raw_id.in_(raw_ids))))
    db.execute(delete(CaseEvent).where(CaseEvent.raw_id.in_(raw_ids)))
    files = {row["case_no"]: row for row in _select(db, CaseFile.id.in_(sorted(case_ids)))}
    held = _events(db, sorted(case_ids))
    _refold(
        db,
        {case_no: (row, list(held.get(row["id"], {}).values())) for case_no, row in files.items()},
    )


def _files(db: Session, department_id: str, case_nos: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The files of these cases, made where they are missing, locked until the transaction ends."""
    wanted = sorted(case_nos)
    where = (CaseFile.department_id == department_id, CaseFile.case_no.in_(wanted))
    known = {row["case_no"]: row for row in _select(db, *where)}
    if len(known) < len(wanted):
        empty = {"state": State.UNKNOWN.value, "turn": "nobody", "bucket": "open", "snapshot": {}}
        now = clock.now()
        fresh = [
            {"department_id": department_id, "case_no": case_no, "changed_at": now, "updated_at": now, **empty}
            for case_no in wanted
            if case_no not in known
        ]
        upsert(db, CaseFile, fresh, key=("case_no", "department_id"))
        known = {row["case_no"]: row for row in _select(db, *where)}
    return known


def _select(db: Session, *where: Any) -> list[dict[str, Any]]:
    stmt = select(_FILE).where(*where).order_by(_FILE.c.case_no)
    if is_postgresql(db):
        stmt = stmt.with_for_update()
    return [dict(row) for row in db.execute(stmt).mappings()]


def _events(db: Session, case_ids: Sequence[str]) -> dict[str, dict[tuple[str, str], Event]]:
    stmt = select(
        CaseEvent.case_id,
        CaseEvent.kind,
        CaseEvent.seq,
        CaseEvent.version,
        CaseEvent.at,
        CaseEvent.reported_at,
        CaseEvent.raw_id,
        CaseEvent.payload,
    ).where(CaseEvent.case_id.in_(case_ids))
    held: dict[str, dict[tuple[str, str], Event]] = {}
    for case_id, kind, seq, version, at, reported_at, raw_id, payload in db.execute(stmt):
        held.setdefault(case_id, {})[kind, seq] = Event(
            kind=kind,
            seq=seq,
            version=version,
            at=at,
            reported_at=reported_at,
            raw_id=raw_id,
            payload=payload,
        )
    return held


def _row(case_id: str, department_id: str, event: Event) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "department_id": department_id,
        "kind": event.kind,
        "seq": event.seq,
        "version": event.version,
        "at": event.at,
        "reported_at": event.reported_at,
        "raw_id": event.raw_id,
        "payload": dict(event.payload),
    }


def _refold(db: Session, cases: Mapping[str, tuple[Mapping[str, Any], list[Event]]]) -> None:
    if not cases:
        return
    folded = {case_no: fold(events) for case_no, (_before, events) in cases.items()}
    catalogue = items(db, {one.item_code for one in folded.values() if one.item_code})
    days, today, now = calendar(db), clock.today(), clock.now()
    changes: list[dict[str, Any]] = []
    news: list[outbox.Event] = []
    for case_no, one in sorted(folded.items()):
        before = cases[case_no][0]
        item = catalogue.get(one.item_code or "")
        after = _columns(one, before, due=_due(one.timing, item, days, today))
        if any(before[name] != after[name] for name in _COMPARED):
            changes.append({"key": before["id"], "updated_at": now, **after})
            news += _news(before, after, one, title=one.item_name or (item.name if item else None))
    if changes:
        db.execute(update(_FILE).where(_FILE.c.id == bindparam("key")), changes)
    outbox.publish_all(db, news)


def _columns(folded: Folded, before: Mapping[str, Any], *, due: date | None) -> dict[str, Any]:
    return {
        "short_no": folded.short_no,
        "item_code": folded.item_code,
        "item_name": folded.item_name,
        "party_key": folded.party_key,
        "applicant_name": folded.applicant_name,
        "state": folded.state.value,
        "turn": folded.turn.value,
        "bucket": folded.bucket.value,
        "submitted_at": folded.submitted_at,
        "accepted_at": folded.accepted_at,
        "closed_at": folded.closed_at,
        "changed_at": folded.changed_at or before["changed_at"],
        "due": due,
        "snapshot": dump(folded),
    }


def _due(timing: Timing, item: Item | None, days: Calendar, today: date) -> date | None:
    limits = limits_of(item.legal_limit, item.legal_unit, item.promised_limit, item.promised_unit) if item else None
    timing = settled(timing, days, item=limits)
    return next_due(timing, start(timing, days, today), days)


def _news(
    before: Mapping[str, Any], after: Mapping[str, Any], folded: Folded, *, title: str | None
) -> Iterator[outbox.Event]:
    """What is new to the applicant: another state, a case that is now theirs, a new request for materials."""
    party_key = after["party_key"]
    if party_key is None:
        return
    theirs = before["party_key"] == party_key
    title = title or after["item_code"] or before["case_no"]
    if not theirs or before["state"] != after["state"]:
        yield CaseChanged(
            case_id=before["id"],
            party_key=party_key,
            state=after["state"],
            title=title,
            case_no=before["case_no"],
            due=after["due"],
            happened_at=after["changed_at"],
        )
    asks = folded.state is State.SUPPLEMENT_REQUIRED
    if asks and not (theirs and _asked(before["snapshot"]) == _asked(after["snapshot"])):
        yield SupplementAsked(
            case_id=before["id"],
            party_key=party_key,
            title=title,
            case_no=before["case_no"],
            due=folded.timing.supplement_due,
            happened_at=after["changed_at"],
        )


def _asked(snapshot: Mapping[str, Any]) -> tuple[object, ...]:
    """The open requests for materials in a snapshot, with the date they are due."""
    pauses = snapshot.get("pauses", ())
    open_ = [first for kind, first, last, _reason in pauses if kind == "supplement" and last is None]
    return (*open_, snapshot.get("supplement_due"))
