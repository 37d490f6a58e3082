"""Reuse of what the state already holds: what a portal needs, what the person released, what the portal fetched."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.append_only import enforce
from kernel.clock import now
from kernel.crypto import Encrypted
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class ReuseIntent(Base):
    """A portal's request for materials; it holds no personal data until a person opens its preview."""

    __tablename__ = "reuse_intent"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(String(128), index=True)
    receiver_name: Mapped[str] = mapped_column(String(200))
    """The client's registered name when it asked: what the person is shown and the receipt says."""
    item_code: Mapped[str] = mapped_column(String(64))
    item_name: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(400))
    return_uri: Mapped[str] = mapped_column(String(2000))
    state: Mapped[str | None] = mapped_column(String(512))
    needed: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """`[{material_code, name, accept, max_age_days}]`, checked (`materials.material.Need`)."""
    only_account: Mapped[str | None] = mapped_column(String(32))
    """The account the portal named, when it did: nobody else can open the preview."""
    account_id: Mapped[str | None] = mapped_column(String(32))
    """Who opened the preview first; the intent is theirs from then on."""
    party_key: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str | None] = mapped_column(String(16))
    """None while open; `released`, `refused`."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReuseRelease(Base):
    """The receipt of one release: immutable, and a link of the person's own chain of receipts."""

    __tablename__ = "reuse_release"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    party_key: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int]
    """1 for the person's first receipt; unique with the person, so two of them cannot claim one predecessor."""
    account_id: Mapped[str] = mapped_column(String(32))
    intent_id: Mapped[str] = mapped_column(ForeignKey("reuse_intent.id"), unique=True)
    client_id: Mapped[str] = mapped_column(String(128))
    receiver_name: Mapped[str] = mapped_column(String(200))
    item_code: Mapped[str] = mapped_column(String(64))
    item_name: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(400))
    released: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """`[{code, name, given, source, hash}]` (`materials.receipts.Given`): names and hashes, never values."""
    withheld: Mapped[list[str]] = mapped_column(Json)
    """Names of the materials that were not given, by choice or because nothing was held."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Until when the portal may fetch it."""
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        UniqueConstraint("party_key", "seq", name="uq_reuse_release_party_key_seq"),
        Index("ix_reuse_release_party_key_id", "party_key", "id"),
    )


enforce(cast("Table", ReuseRelease.__table__))


class ReusePackage(Base):
    """What one release hands over, until it is fetched once or its ten minutes are over; then only the times remain."""

    __tablename__ = "reuse_package"

    release_id: Mapped[str] = mapped_column(ForeignKey("reuse_release.id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(128))
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    content: Mapped[str | None] = mapped_column(Encrypted(bound_to="reuse_package.content"))
    """The package as JSON; None once fetched or expired."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
