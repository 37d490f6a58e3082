"""Reading a party's cases: lists by keyset, and one case with its steps.

Nothing here writes or logs: callers outside this package go through `profiles.access`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, Select, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from kernel import clock
from profiles import cursor
from profiles.cases.calendar import Calendar, calendar
from profiles.cases.clock import Limit, Limits, settled
from profiles.cases.ruler import Ruler, ruler
from profiles.cases.snapshot import timing_of
from profiles.cases.states import Bucket, State, Turn
from profiles.cases.steps import Material, Step, StepEvent, materials_of, steps_of
from profiles.models.case import CaseEvent, CaseFile
from profiles.models.certificate import Certificate
from profiles.models.department import Department
from profiles.models.item import ServiceItem

_MOST_EVENTS: Final = 500
"""Steps of one case that a page shows; more than that is a fault of the sender's numbering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case in a list. `findings` are codes (`words.finding_word`)."""

    id: str
    title: str
    item_code: str | None
    case_no: str
    short_no: str | None
    department: str
    applicant: str | None
    state: State
    turn: Turn
    bucket: Bucket
    submitted_at: datetime | None
    accepted_at: datetime | None
    closed_at: datetime | None
    changed_at: datetime
    due: date | None
    supplement_due: date | None
    reason: str | None
    findings: tuple[str, ...]
    ruler: Ruler


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    items: tuple[CaseLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCounts:
    todo: int = 0
    open: int = 0
    closed: int = 0

    @property
    def total(self) -> int:
        return self.todo + self.open + self.closed


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCertificate:
    """What the case gave: `id` when the certificate itself has been reported."""

    id: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail:
    """`steps` are newest first with what comes next on top; `as_of` is the newest word of the department."""

    line: CaseLine
    steps: tuple[Step, ...]
    materials: tuple[Material, ...]
    legal_basis: str | None
    phone: str | None
    reason: str | None
    result_certificates: tuple[ResultCertificate, ...]
    source: str
    as_of: datetime


def cases_of(
    db: Session,
    party_key: str,
    *,
    bucket: Bucket | None = None,
    search: str = "",
    after: str | None = None,
    limit: int = 20,
    by_due: bool = False,
) -> CasePage:
    """The party's cases, the latest change first, or (`by_due`, without paging) the nearest date first."""
    stmt = _lines().where(CaseFile.party_key == party_key)
    if bucket is not None:
        stmt = stmt.where(CaseFile.bucket == bucket)
    elif by_due:
        stmt = stmt.where(CaseFile.bucket.in_((Bucket.TODO, Bucket.OPEN)))
    if search := search.strip():
        columns = (CaseFile.item_name, ServiceItem.name, CaseFile.case_no, CaseFile.short_no)
        stmt = stmt.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if by_due:
        stmt = stmt.order_by(CaseFile.due.asc().nulls_last(), CaseFile.id)
        after = None
    else:
        stmt = stmt.order_by(CaseFile.changed_at.desc(), CaseFile.id.desc())
    if after is not None:
        at, id_ = cursor.load(after, 2)
        key = tuple_(CaseFile.changed_at, CaseFile.id)
        stmt = stmt.where(key < tuple_(literal(cursor.instant(at), CaseFile.changed_at.type), literal(id_)))
    rows = db.execute(stmt.limit(limit + 1)).all()
    days, today = calendar(db), clock.today()
    more = rows[limit - 1] if len(rows) > limit and not by_due else None
    return CasePage(
        items=tuple(_line(row, days, today) for row in rows[:limit]),
        next=cursor.dump(more.changed_at.isoformat(), more.id) if more else None,
    )


def case_counts(db: Session, party_key: str) -> CaseCounts:
    stmt = select(CaseFile.bucket, func.count()).where(CaseFile.party_key == party_key)
    counts: dict[str, int] = dict(db.execute(stmt.group_by(CaseFile.bucket)).all())
    return CaseCounts(**counts)


def case_detail(db: Session, party_key: str, case_id: str) -> CaseDetail | None:
    """One case of this party with its steps; None when it is somebody else's."""
    stmt = _lines(ServiceItem.legal_basis, ServiceItem.phone)
    row = db.execute(stmt.where(CaseFile.id == case_id, CaseFile.party_key == party_key)).one_or_none()
    if row is None:
        return None
    events = _events(db, case_id)
    days, today = calendar(db), clock.today()
    line = _line(row, days, today)
    return CaseDetail(
        line=line,
        steps=steps_of(events, line.state, line.ruler, days, today),
        materials=materials_of(events),
        legal_basis=row.legal_basis,
        phone=row.phone,
        reason=line.reason,
        result_certificates=_results(db, party_key, line, events),
        source=line.department,
        as_of=max((event.reported_at for event in events), default=line.changed_at),
    )


def _lines(*more: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            CaseFile.id,
            CaseFile.case_no,
            CaseFile.short_no,
            CaseFile.item_code,
            CaseFile.item_name,
            CaseFile.applicant_name,
            CaseFile.state,
            CaseFile.turn,
            CaseFile.bucket,
            CaseFile.submitted_at,
            CaseFile.accepted_at,
            CaseFile.closed_at,
            CaseFile.changed_at,
            CaseFile.snapshot,
            Department.name.label("department"),
            ServiceItem.name.label("catalogue_name"),
            ServiceItem.legal_limit,
            ServiceItem.legal_unit,
            ServiceItem.promised_limit,
            ServiceItem.promised_unit,
            *more,
        )
        .join(Department, Department.id == CaseFile.department_id)
        .outerjoin(ServiceItem, ServiceItem.code == CaseFile.item_code)
    )


def limits_of(legal: int | None, legal_unit: str | None, promised: int | None, promised_unit: str | None) -> Limits:
    """The catalogue's limits of an item, from its columns."""

    def limit(days: int | None, unit: str | None) -> Limit | None:
        return None if days is None else Limit(days=days, unit="calendar" if unit == "calendar" else "working")

    return Limits(legal=limit(legal, legal_unit), promise=limit(promised, promised_unit))


def _line(row: Row[*tuple[Any, ...]], days: Calendar, today: date) -> CaseLine:
    snapshot: Mapping[str, Any] = row.snapshot
    item = limits_of(row.legal_limit, row.legal_unit, row.promised_limit, row.promised_unit)
    timing = settled(timing_of(snapshot), days, item=item)
    drawn = ruler(timing, days, today)
    late = ("accepted_late",) if drawn.assumed and timing.accepted else ()
    return CaseLine(
        id=row.id,
        title=row.item_name or row.catalogue_name or row.item_code or row.case_no,
        item_code=row.item_code,
        case_no=row.case_no,
        short_no=row.short_no,
        department=row.department,
        applicant=row.applicant_name,
        state=State(row.state),
        turn=Turn(row.turn),
        bucket=Bucket(row.bucket),
        submitted_at=row.submitted_at,
        accepted_at=row.accepted_at,
        closed_at=row.closed_at,
        changed_at=row.changed_at,
        due=drawn.due,
        supplement_due=timing.supplement_due,
        reason=snapshot.get("reason"),
        findings=tuple(snapshot.get("findings", ())) + late,
        ruler=drawn,
    )


def _events(db: Session, case_id: str) -> list[StepEvent]:
    rows = db.execute(
        select(
            CaseEvent.kind,
            CaseEvent.seq,
            CaseEvent.at,
            CaseEvent.reported_at,
            CaseEvent.payload,
            Department.name.label("source"),
        )
        .join(Department, Department.id == CaseEvent.department_id)
        .where(CaseEvent.case_id == case_id)
        .order_by(CaseEvent.at.desc(), CaseEvent.id.desc())
        .limit(_MOST_EVENTS)
    )
    return [
        StepEvent(
            kind=row.kind,
            seq=row.seq,
            at=row.at,
            reported_at=row.reported_at,
            payload=row.payload,
            source=row.source,
        )
        for row in rows
    ]


def _results(db: Session, party_key: str, line: CaseLine, events: list[StepEvent]) -> tuple[ResultCertificate, ...]:
    if line.closed_at is None:
        return ()
    stmt = select(Certificate.id, Certificate.name).where(
        Certificate.party_key == party_key, Certificate.case_no == line.case_no
    )
    found = tuple(ResultCertificate(id=row.id, name=row.name) for row in db.execute(stmt))
    told = next((event.payload.get("certificate_name") for event in events if event.kind == "BJ"), None)
    return found or ((ResultCertificate(id=None, name=str(told)),) if told else ())
