"""A department that reports, and the machine client it reports with."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import now
from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class Department(Base):
    __tablename__ = "department"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    uscc: Mapped[str] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    families: Mapped[list[str]] = mapped_column(Json)
    """The families of data it may report: the scopes of its client, kept here for the admin pages."""
    authoritative_for: Mapped[list[str]] = mapped_column(Json, default=list)
    """Whose registers it keeps: `person` (population), `enterprise` (market entities). Only the keeper of the register
    says who represents an enterprise, and its word on basic information goes before others'."""
    client_id: Mapped[str] = mapped_column(String(128), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
