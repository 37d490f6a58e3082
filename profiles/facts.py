"""Reading what is known of a party: each value with who said it and when.

Nothing here writes or logs: callers outside this package go through `profiles.access`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from flask_babel import LazyString
from sqlalchemy import ColumnElement, Row, Select, case, select
from sqlalchemy.orm import Session

from profiles import fields
from profiles.fields import Field, Kind, Mask
from profiles.models.department import Department
from profiles.models.fact import Fact
from profiles.models.party import Party

PartyKind = Literal["person", "enterprise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyLine:
    party_key: str
    kind: PartyKind
    name: str | None
    id_type: str
    number: str
    """In clear: hide it by `kernel.mask` wherever it is shown."""
    legal_rep_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactValue:
    """One department's value: as stored (`value`), and in words where it is a code (`shown`)."""

    value: str
    shown: str
    source: str
    as_of: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FactField:
    """One field with the values of all sources: the register's first, then the newest; `differs` when two disagree."""

    field: str
    group: str
    label: str | LazyString
    kind: Kind
    values: tuple[FactValue, ...]
    sensitive: bool
    mask: Mask | None

    @property
    def differs(self) -> bool:
        return len({value.value for value in self.values}) > 1


def party_of(db: Session, party_key: str) -> PartyLine | None:
    row = db.execute(_party().where(Party.party_key == party_key)).one_or_none()
    return _line(row) if row else None


def parties_of(db: Session, party_keys: Iterable[str]) -> dict[str, PartyLine]:
    rows = db.execute(_party().where(Party.party_key.in_(list(party_keys))))
    return {row.party_key: _line(row) for row in rows}


def enterprises_of(db: Session, person_party_key: str) -> tuple[PartyLine, ...]:
    """The enterprises whose reported legal representative is this person, by name."""
    stmt = _party().where(Party.legal_rep_key == person_party_key, Party.kind == "enterprise")
    return tuple(_line(row) for row in db.execute(stmt.order_by(Party.name, Party.id)))


def facts_of(db: Session, party_key: str, only: Iterable[str] | None = None) -> tuple[FactField, ...]:
    """The party's fields that have a value, in the order of the page; `only` some of them."""
    stmt = (
        select(
            Fact.field,
            Fact.value,
            Fact.as_of,
            Fact.received_at,
            Department.name,
            Party.kind,
            Department.authoritative_for,
        )
        .join(Department, Department.id == Fact.department_id)
        .join(Party, Party.party_key == Fact.party_key)
        .where(Fact.party_key == party_key, Fact.value.is_not(None))
        .order_by(said_at().desc(), Fact.received_at.desc(), Fact.id.desc())
    )
    if only is not None:
        stmt = stmt.where(Fact.field.in_(list(only)))
    rows = sorted(db.execute(stmt), key=lambda row: row.kind not in row.authoritative_for)
    known = fields.FIELDS[rows[0].kind] if rows else {}
    values: dict[str, list[FactValue]] = {}
    for row in rows:
        if row.field in known:
            values.setdefault(row.field, []).append(_value(row, known[row.field]))
    return tuple(
        FactField(
            field=name,
            group=one.group,
            label=one.label,
            kind=one.kind,
            values=tuple(values[name]),
            sensitive=one.sensitive,
            mask=one.mask,
        )
        for name, one in known.items()
        if name in values
    )


def fact_values(db: Session, party_key: str, names: Iterable[str]) -> dict[str, FactValue]:
    """The best value of each of these fields, for those that have one."""
    return {found.field: found.values[0] for found in facts_of(db, party_key, names)}


def fact_value(db: Session, party_key: str, name: str) -> FactValue | None:
    return fact_values(db, party_key, [name]).get(name)


def said_at() -> ColumnElement[datetime]:
    """When a fact was said, for the order of several: a date that lies ahead must not win for years."""
    return case((Fact.as_of > Fact.received_at, Fact.received_at), else_=Fact.as_of)


def _party() -> Select[str, str, str | None, str, str, str | None]:
    return select(Party.party_key, Party.kind, Party.name, Party.id_type, Party.number, Party.legal_rep_key)


def _line(row: Row[str, str, str | None, str, str, str | None]) -> PartyLine:
    return PartyLine(
        party_key=row.party_key,
        kind=cast("PartyKind", row.kind),
        name=row.name,
        id_type=row.id_type,
        number=row.number,
        legal_rep_key=row.legal_rep_key,
    )


def _value(row: Row[str, str | None, datetime, datetime, str, str, list[str]], one: Field) -> FactValue:
    return FactValue(
        value=row.value or "",
        shown=str(one.words.get(row.value or "", row.value or "")),
        source=row.name,
        as_of=row.as_of,
        received_at=row.received_at,
    )
