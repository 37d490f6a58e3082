"""The table of cities."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from kernel import clock
from kernel.crypto import Encrypted
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class CitySource(Base):
    """One city's authentication system, and how far it is trusted.

    ``own_accounts``: the city keeps its own accounts (分建); ``authoritative_for``: ID types (GB/T
    36903 Annex A) whose holders this source has verified; ``level_map``: what the city calls a level →
    ours, ``*`` for everything else; ``internal``: it stands in one of ``EGRESS_ALLOWED_NETWORKS``.
    """

    __tablename__ = "city_source"
    __table_args__ = (CheckConstraint("level_cap BETWEEN 2 AND 5", name="level_cap"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(Text)
    division_codes: Mapped[list[str]] = mapped_column(Json)
    kind: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict[str, object]] = mapped_column(Json)
    secrets: Mapped[str] = mapped_column(Encrypted(bound_to="city_source.secrets"))
    fields: Mapped[dict[str, object]] = mapped_column(Json)
    authoritative_for: Mapped[list[str]] = mapped_column(Json)
    subject_types: Mapped[list[str]] = mapped_column(Json)
    level_cap: Mapped[int] = mapped_column(Integer)
    level_map: Mapped[dict[str, int]] = mapped_column(Json)
    own_accounts: Mapped[bool] = mapped_column(Boolean)
    enabled: Mapped[bool] = mapped_column(Boolean)
    internal: Mapped[bool] = mapped_column(Boolean)
    display_order: Mapped[int] = mapped_column(Integer)
    support_contact: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, onupdate=clock.now)
