"""A service item (事项) of the province's catalogue: what it needs, how long it may take, what it gives."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Json, UtcDateTime
from kernel.ids import new_id


class ServiceItem(Base):
    __tablename__ = "service_item"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    """实施编码 (31) or 业务办理项编码 (33), upper case."""
    name: Mapped[str] = mapped_column(String(200))
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    body_name: Mapped[str | None] = mapped_column(String(200))
    """The implementing body as it calls itself."""
    type: Mapped[str | None] = mapped_column(String(2))
    level: Mapped[str | None] = mapped_column(String(2))
    legal_limit: Mapped[int | None]
    legal_unit: Mapped[str] = mapped_column(String(8), default="working")
    promised_limit: Mapped[int | None]
    promised_unit: Mapped[str] = mapped_column(String(8), default="working")
    materials: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """`[{code, name, required, accept: [certificate type or profile field]}]`."""
    result_certificate: Mapped[str | None] = mapped_column(String(200))
    legal_basis: Mapped[str | None] = mapped_column(String(1000))
    phone: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raw_id: Mapped[str] = mapped_column(ForeignKey("raw_record.id"))
