"""How far an account is trusted: the highest of its own verification and of its live links (IDENTITY rule e)."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.contract import cities
from idp.models.account import Account
from idp.models.link import Link
from kernel import audit
from kernel.db import skip_locked

DECLARED: Final = 2  # what anybody can say of themselves
IDENTIFIED: Final = 3  # name and number matched with a register
HIGHEST: Final = 5
ACR: Final = tuple(str(level) for level in range(DECLARED, HIGHEST + 1))
"""The levels as tokens write them (``acr``, OpenID Connect Core §2); each holds for the lower ones too."""


def lower(db: Session, limit: int) -> int:
    """Lower the accounts whose level rests on sources that are switched off by now; how many that were."""
    off = [found.source_id for found in cities(db) if found.state == "disabled"]
    of_account = select(Link.id).where(Link.account_id == Account.id, Link.level >= Account.level)
    resting = select(Account).where(
        Account.level > Account.own_level,
        Account.level > DECLARED,
        of_account.where(Link.source_id.in_(off)).exists(),
        ~of_account.where(Link.source_id.not_in(off)).exists(),
    )
    found = list(db.scalars(skip_locked(resting.limit(limit), db))) if off else []
    for account in found:
        before = account.level
        audit.record(db, "account.level", subject=account.id, details={"from": before, "to": recompute(db, account)})
    return len(found)


def recompute(db: Session, account: Account) -> int:
    """Set and return the account's level as of now; a source that is switched off counts for nothing."""
    live = [found.source_id for found in cities(db) if found.state != "disabled"]
    links = db.scalars(select(Link.level).where(Link.account_id == account.id, Link.source_id.in_(live)))
    account.level = max([DECLARED, account.own_level, *links])
    return account.level
