"""How to reach the people behind a party."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.models.account import ACTIVE, Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    account_id: str
    name: str
    email: str | None
    locale: str


def contacts_of(db: Session, party_key: str) -> list[Contact]:
    """Every active account of the party, oldest first; empty for a party that has never signed in."""
    rows = db.scalars(
        select(Account).where(Account.party_key == party_key, Account.status == ACTIVE).order_by(Account.id)
    )
    return [_contact(row) for row in rows]


def contact_of(db: Session, account_id: str) -> Contact | None:
    """The account itself; None for one that is unknown or blocked."""
    found = db.get(Account, account_id)
    return _contact(found) if found is not None and found.status == ACTIVE else None


def _contact(account: Account) -> Contact:
    return Contact(account_id=account.id, name=account.name, email=account.email, locale=account.locale)
