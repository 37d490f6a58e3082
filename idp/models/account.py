"""An account: what one signs in with. It belongs to a person or an enterprise, the party, once that is verified."""

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.crypto import Encrypted
from kernel.db import Base, UtcDateTime
from kernel.ids import new_id

ACTIVE: Final = "active"
BLOCKED: Final = "blocked"


class Account(Base):
    """``party_key`` is set only for an identity somebody vouched for (level 3 or above), and is what matching looks at.

    A number the person merely stated is kept under ``declared_key``: it opens nothing, matches nothing, and is taken
    away as soon as its true owner proves it. ``own_level`` is what this platform verified itself; ``level`` the highest
    of that and of the live links (IDENTITY rule e), recomputed by ``idp.accounts.levels`` whenever one changes.
    """

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120))
    id_type: Mapped[str | None] = mapped_column(String(3))
    id_number: Mapped[str | None] = mapped_column(Encrypted(bound_to="account.id_number"))
    party_key: Mapped[str | None] = mapped_column(String(32), index=True)
    declared_key: Mapped[str | None] = mapped_column(String(32), index=True)
    own_level: Mapped[int] = mapped_column(default=2)
    level: Mapped[int] = mapped_column(default=2)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(Encrypted(bound_to="account.email"))
    email_index: Mapped[str | None] = mapped_column(String(32), index=True)
    phone: Mapped[str | None] = mapped_column(Encrypted(bound_to="account.phone"))
    phone_index: Mapped[str | None] = mapped_column(String(32), index=True)
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    admin: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(String(16), default="zh_CN")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    identified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    password_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginName(Base):
    """What a person may type to say which account: a user name, a phone number, an ID number.

    ``key`` is the keyed look-up value of kind and normalised text, so the table does not tell who has an account.
    ``shown`` is how pages write it: a user name in full, a phone or an ID number masked.
    """

    __tablename__ = "login_name"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    shown: Mapped[str] = mapped_column(String(64))
