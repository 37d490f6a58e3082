"""Parties that records name: known from the first record on, whether or not anybody ever logs in for them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from kernel import clock
from kernel.codes import citizen_id
from kernel.db import is_postgresql
from profiles.facts import said_at
from profiles.feeds.subject import CITIZEN, Subject, party_key
from profiles.models.department import Department
from profiles.models.fact import Fact
from profiles.models.party import Party
from profiles.upsert import upsert

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_PROFILE_RANK: Final = 2
_PARTY: Final = cast("Table", Party.__table__)


def record_parties(db: Session, subjects: Iterable[Subject]) -> None:
    """Make these parties known; among names out of cases and certificates the better, then the newer one stands."""
    by_key: dict[str, list[Subject]] = {}
    for subject in subjects:
        by_key.setdefault(subject.party_key, []).append(subject)
    known = _locked(db, by_key)
    fresh = [
        {"party_key": key, "kind": one.kind, "id_type": one.id_type, "number": one.number, "name_rank": 0}
        | {"created_at": clock.now()}
        for key, (one, *_) in sorted(by_key.items())
        if key not in known
    ]
    if fresh:
        upsert(db, Party, fresh, key=("party_key",))
        known = _locked(db, by_key)
    _write(db, known, {key: _named(known[key], told) for key, told in by_key.items()})


def settle_parties(db: Session, keys: Collection[str]) -> None:
    """Bring name and legal representative in line with the facts: the register's word, otherwise the newest.

    Who represents an enterprise opens its page, so only the keeper of the enterprises' register says it.
    """
    if not keys:
        return
    known = _locked(db, keys)
    settled = {key: {**one, "legal_rep_key": None} for key, one in known.items()}
    told = (
        select(Fact.party_key, Fact.field, Fact.value, Fact.as_of, Department.authoritative_for, Party.kind)
        .join(Department, Department.id == Fact.department_id)
        .join(Party, Party.party_key == Fact.party_key)
        .where(
            Fact.party_key.in_(sorted(keys)),
            Fact.field.in_(("name", "legal_rep_number")),
            Fact.value.is_not(None),
        )
        .order_by(said_at(), Fact.received_at, Fact.id)
    )
    for row in sorted(db.execute(told), key=lambda row: row.kind in row.authoritative_for):
        if row.field == "name":
            settled[row.party_key] |= {
                "name": row.value,
                "name_rank": _PROFILE_RANK,
                "name_as_of": row.as_of,
            }
        elif "enterprise" in row.authoritative_for and not citizen_id.check(row.value or ""):
            settled[row.party_key]["legal_rep_key"] = party_key(CITIZEN, row.value or "")
    _write(db, known, settled)


def _write(db: Session, known: Mapping[str, object], wanted: Mapping[str, dict[str, Any]]) -> None:
    changes = [{"key": key, **one} for key, one in sorted(wanted.items()) if one != known[key]]
    if changes:
        db.execute(update(_PARTY).where(_PARTY.c.party_key == bindparam("key")), changes)


def _locked(db: Session, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    stmt = (
        select(Party.party_key, Party.name, Party.name_rank, Party.name_as_of, Party.legal_rep_key)
        .where(Party.party_key.in_(sorted(keys)))
        .order_by(Party.party_key)
    )
    if is_postgresql(db):
        stmt = stmt.with_for_update()
    return {
        row.party_key: {
            "name": row.name,
            "name_rank": row.name_rank,
            "name_as_of": row.name_as_of,
            "legal_rep_key": row.legal_rep_key,
        }
        for row in db.execute(stmt)
    }


def _named(held: dict[str, Any], told: Iterable[Subject]) -> dict[str, Any]:
    best = dict(held)
    for one in told:
        order = (one.name_rank, one.name_as_of or _NEVER, one.name or "")
        if one.name and order > (best["name_rank"], best["name_as_of"] or _NEVER, best["name"] or ""):
            best |= {"name": one.name, "name_rank": one.name_rank, "name_as_of": one.name_as_of}
    return best
