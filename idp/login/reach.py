"""How a person who is signed in can prove more than the sign-in has proven."""

from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from idp.factor import second
from idp.login import authenticators
from idp.models.account import Account
from idp.models.link import Link

Way = Literal["code", "enrol", "city", "none"]
"""A code reaches it; or an app must be enrolled first, or only a city's sign-in does, or nothing."""


def way(db: Session, account: Account, level: int) -> Way:
    """The way to ``level``. None where the account itself is worth less: it has to be verified better first."""
    if account.level < level:
        return "none"
    if level > second().level:
        best = db.scalar(select(func.max(Link.level)).where(Link.account_id == account.id)) or 0
        return "city" if best >= level else "none"
    return "code" if authenticators.any_enrolled(db, account.id) else "enrol"
