"""How far an account is trusted: the highest of its own verification and of its live links (IDENTITY rule e)."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.contract import cities
from idp.models.account import Account
from idp.models.link import Link

DECLARED: Final = 2  # what anybody can say of themselves
IDENTIFIED: Final = 3  # name and number matched with a register
HIGHEST: Final = 5


def recompute(db: Session, account: Account) -> int:
    """Set and return the account's level as of now; a source that is switched off counts for nothing."""
    live = [found.source_id for found in cities(db) if found.state != "disabled"]
    links = db.scalars(select(Link.level).where(Link.account_id == account.id, Link.source_id.in_(live)))
    account.level = max([DECLARED, account.own_level, *links])
    return account.level
