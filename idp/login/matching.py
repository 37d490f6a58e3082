"""Whether somebody who arrives from a city has an account here: by ID number and name, never by anything else.

Only a source registered as authoritative for that kind of number is believed, and only where it vouched for this person
(IDENTITY rule b: verification is a matter of the source's registration, not of a claim).
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from connectors.contract import City
from idp.accounts.identity import Number, same_name, usable_number
from idp.accounts.levels import IDENTIFIED
from idp.models.account import ACTIVE, Account
from kernel.db import is_postgresql

Conflict = Literal["several", "other_name", "blocked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """``account`` must be proven before anything is linked to it; ``conflict`` says why only a clerk can decide."""

    number: Number | None
    identified: bool
    account: Account | None = None
    conflict: Conflict | None = None


def find(db: Session, city: City, *, name: str | None, id_type: str | None, id_number: str | None, level: int) -> Match:
    """What these facts from ``city`` mean here. An unverified account is never found: it has no party key (rule d)."""
    number = usable_number(id_type, id_number)
    if number is None or not name or level < IDENTIFIED or number.id_type not in city.authoritative_for:
        return Match(number=number, identified=False)
    holders = list(db.scalars(select(Account).where(Account.party_key == number.party_key).limit(2)))
    if not holders:
        return Match(number=number, identified=True)
    if len(holders) > 1:
        return Match(number=number, identified=True, conflict="several")
    holder = holders[0]
    if not same_name(holder.name, name):
        return Match(number=number, identified=True, conflict="other_name")
    if holder.status != ACTIVE:
        return Match(number=number, identified=True, conflict="blocked")
    return Match(number=number, identified=True, account=holder)


def one_at_a_time(db: Session, number: Number | None) -> None:
    """Let only this transaction decide about the number until it ends: two cities at once must not make two accounts.

    SQLite has one writer anyway.
    """
    if number is not None and is_postgresql(db):
        db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(number.party_key, 0))))
