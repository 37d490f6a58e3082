"""Reading a party's certificates: the state of today is derived from reported status and validity.

Nothing here writes or logs: callers outside this package go through `profiles.access`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from kernel import clock
from kernel.errors import Invalid
from profiles import cursor
from profiles.models.certificate import Certificate
from profiles.models.department import Department

EXPIRING_DAYS: Final = 60
_MOST_OF_TYPES: Final = 50
"""Candidates for one reuse: more than a person could choose from."""
Chip = Literal["current", "expiring", "void"]


class Status(StrEnum):
    VALID = "valid"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    UNKNOWN = "unknown"


VOID: Final = (Status.REVOKED, Status.CANCELLED, Status.LAPSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLine:
    """`number` is in clear: hide it by `kernel.mask` wherever it is shown. Without an end `days_left` is None."""

    id: str
    name: str
    type_code: str
    type_name: str | None
    number: str
    issuer: str
    holder: str | None
    identifier: str | None
    issued_on: date | None
    valid_from: date | None
    valid_to: date | None
    status: Status
    days_left: int | None
    source: str
    received_at: datetime
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDetail:
    line: CertificateLine
    issuer_code: str | None
    area_code: str | None
    item_code: str | None
    case_no: str | None
    status_raw: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePage:
    items: tuple[CertificateLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCounts:
    current: int = 0
    expiring: int = 0
    """Of the current ones, those that end within sixty days."""
    void: int = 0

    @property
    def total(self) -> int:
        return self.current + self.void


def status_of(reported: str, valid_from: date | None, valid_to: date | None, today: date) -> Status:
    """The status today: what the issuer reported, and for a valid one what its dates say."""
    status = Status(reported)
    if status in {Status.VALID, Status.UNKNOWN} and valid_to is not None and valid_to < today:
        return Status.EXPIRED
    if status is Status.VALID and valid_from is not None and valid_from > today:
        return Status.NOT_YET
    return status


def certificates_of(
    db: Session, party_key: str, *, status: Chip | None = None, after: str | None = None, limit: int = 20
) -> CertificatePage:
    """Nearest expiry first; those that no longer hold come last. `after` is the cursor of the page before."""
    today = clock.today()
    rank = case((_void(today), 1), else_=0)
    stmt = _lines(rank.label("rank")).where(Certificate.party_key == party_key)
    if status is not None:
        stmt = stmt.where(_chip(status, today))
    if after is not None:
        at, expires, id_ = cursor.load(after, 3)
        key = tuple_(rank, Certificate.expires_on, Certificate.id)
        stmt = stmt.where(key > tuple_(literal(int(at == "1")), literal(_day(expires)), literal(id_)))
    rows = db.execute(stmt.order_by(rank, Certificate.expires_on, Certificate.id).limit(limit + 1)).all()
    more = rows[limit - 1] if len(rows) > limit else None
    return CertificatePage(
        items=tuple(_line(row, today) for row in rows[:limit]),
        next=cursor.dump(str(more.rank), more.expires_on.isoformat(), more.id) if more else None,
    )


def certificates_of_types(db: Session, party_key: str, types: Iterable[str]) -> tuple[CertificateLine, ...]:
    """Certificates whose type code, type name or name is among `types`."""
    today, wanted = clock.today(), sorted(types)
    of_type = or_(*(c.in_(wanted) for c in (Certificate.type_code, Certificate.type_name, Certificate.name)))
    rank = case((_void(today), 1), else_=0)
    stmt = _lines().where(Certificate.party_key == party_key, of_type)
    rows = db.execute(stmt.order_by(rank, Certificate.expires_on.desc(), Certificate.id).limit(_MOST_OF_TYPES))
    return tuple(_line(row, today) for row in rows)


def certificate_counts(db: Session, party_key: str) -> CertificateCounts:
    today = clock.today()
    row = db.execute(
        select(
            func.count().filter(not_(_void(today))).label("current"),
            func.count().filter(_chip("expiring", today)).label("expiring"),
            func.count().filter(_void(today)).label("void"),
        ).where(Certificate.party_key == party_key)
    ).one()
    return CertificateCounts(current=row.current, expiring=row.expiring, void=row.void)


def certificate_detail(db: Session, party_key: str, certificate_id: str) -> CertificateDetail | None:
    """One certificate of this party, None when it has another holder."""
    row = db.execute(
        _lines(
            Certificate.issuer_code,
            Certificate.area_code,
            Certificate.item_code,
            Certificate.case_no,
            Certificate.status_raw,
            Certificate.version,
        ).where(Certificate.id == certificate_id, Certificate.party_key == party_key)
    ).one_or_none()
    if row is None:
        return None
    return CertificateDetail(
        line=_line(row, clock.today()),
        issuer_code=row.issuer_code,
        area_code=row.area_code,
        item_code=row.item_code,
        case_no=row.case_no,
        status_raw=row.status_raw,
        version=row.version,
    )


def _lines(*more: Any) -> Select[*tuple[Any, ...]]:
    return select(
        Certificate.id,
        Certificate.name,
        Certificate.type_code,
        Certificate.type_name,
        Certificate.number,
        Certificate.issuer,
        Certificate.holder_name,
        Certificate.identifier,
        Certificate.issued_on,
        Certificate.valid_from,
        Certificate.valid_to,
        Certificate.expires_on,
        Certificate.status,
        Certificate.received_at,
        Certificate.reported_at,
        Department.name.label("source"),
        *more,
    ).join(Department, Department.id == Certificate.department_id)


def _void(today: date) -> ColumnElement[bool]:
    return or_(
        Certificate.status.in_(VOID),
        and_(Certificate.status.in_((Status.VALID, Status.UNKNOWN)), Certificate.expires_on < today),
    )


def _chip(chip: Chip, today: date) -> ColumnElement[bool]:
    if chip == "void":
        return _void(today)
    if chip == "current":
        return not_(_void(today))
    soon = today + timedelta(days=EXPIRING_DAYS)
    return and_(not_(_void(today)), Certificate.expires_on.between(today, soon))


def _line(row: Row[*tuple[Any, ...]], today: date) -> CertificateLine:
    return CertificateLine(
        id=row.id,
        name=row.name,
        type_code=row.type_code,
        type_name=row.type_name,
        number=row.number,
        issuer=row.issuer,
        holder=row.holder_name,
        identifier=row.identifier,
        issued_on=row.issued_on,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        status=status_of(row.status, row.valid_from, row.valid_to, today),
        days_left=(row.valid_to - today).days if row.valid_to else None,
        source=row.source,
        received_at=row.received_at,
        as_of=row.reported_at,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(code="bad_cursor", detail="no day") from None
