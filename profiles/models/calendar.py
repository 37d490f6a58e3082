"""Which days the State Council made working days; every day of a known year has a row."""

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class CalendarDay(Base):
    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    name: Mapped[str | None] = mapped_column(String(100))
    provisional: Mapped[bool]
    """True while the State Council has not yet published the year's notice."""
    source: Mapped[str] = mapped_column(String(40))
