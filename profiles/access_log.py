"""Reading the access log back: who looked at a party, newest first, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, func, literal, select, tuple_
from sqlalchemy.orm import Session

from kernel import clock
from profiles import cursor
from profiles.access import Result
from profiles.models.access import AccessEntry

RECENT: Final = timedelta(days=30)
STRANGERS: Final = (Result.AGREED, Result.LAW, Result.REFUSED)
"""Looks of others. One's own are told apart: they would bury the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLine:
    """One look; ``fields`` are names that ``labels.field_label`` puts into words."""

    id: str
    at: datetime
    result: str
    who: str
    detail: str | None
    purpose: str
    legal_basis: str | None
    fields: tuple[str, ...]
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPage:
    """``older`` and ``newer`` are cursors of the neighbouring pages, None at the ends."""

    items: tuple[AccessLine, ...]
    older: str | None
    newer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessCounts:
    """By result: all that is kept, and of the last thirty days."""

    kept: dict[str, int]
    recent: dict[str, int]


def access_of(
    db: Session,
    party_key: str,
    results: Sequence[Result] = STRANGERS,
    *,
    older_than: str | None = None,
    newer_than: str | None = None,
    limit: int = 20,
) -> AccessPage:
    """One page of the log, newest first, from the beginning or from a cursor in either direction."""
    entry = AccessEntry
    key = tuple_(entry.at, entry.id)
    stmt = select(
        entry.id,
        entry.at,
        entry.result,
        entry.reader_name,
        entry.reader_detail,
        entry.purpose,
        entry.legal_basis,
        entry.fields,
        entry.reference,
    ).where(entry.party_key == party_key, entry.result.in_([result.value for result in results]))
    upwards = newer_than is not None and older_than is None
    if older_than is not None:
        stmt = stmt.where(key < _place(older_than))
    elif newer_than is not None:
        stmt = stmt.where(key > _place(newer_than))
    order = (entry.at.asc(), entry.id.asc()) if upwards else (entry.at.desc(), entry.id.desc())
    rows = db.execute(stmt.order_by(*order).limit(limit + 1)).all()
    more, rows = len(rows) > limit, rows[:limit]
    if upwards:
        rows = rows[::-1]
    has_newer = more if upwards else older_than is not None
    has_older = True if upwards else more
    return AccessPage(
        items=tuple(_line(row) for row in rows),
        older=_cursor(rows[-1]) if rows and has_older else None,
        newer=_cursor(rows[0]) if rows and has_newer else None,
    )


def access_counts(db: Session, party_key: str) -> AccessCounts:
    """How many looks by result; one query."""
    entry = AccessEntry
    recent = func.count().filter(entry.at >= clock.now() - RECENT)
    stmt = select(entry.result, func.count(), recent).where(entry.party_key == party_key).group_by(entry.result)
    rows = db.execute(stmt).all()
    return AccessCounts(kept={row[0]: row[1] for row in rows}, recent={row[0]: row[2] for row in rows})


def _place(text: str) -> Any:
    at, id_ = cursor.load(text, 2)
    return tuple_(literal(cursor.instant(at), AccessEntry.at.type), literal(id_))


def _cursor(row: Row[*tuple[Any, ...]]) -> str:
    return cursor.dump(row.at.isoformat(), row.id)


def _line(row: Row[*tuple[Any, ...]]) -> AccessLine:
    return AccessLine(
        id=row.id,
        at=row.at,
        result=row.result,
        who=row.reader_name,
        detail=row.reader_detail,
        purpose=row.purpose,
        legal_basis=row.legal_basis,
        fields=tuple(row.fields),
        reference=row.reference,
    )
