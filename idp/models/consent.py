"""What a person agreed to hand to a client."""

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, UtcDateTime
from kernel.ids import new_id

SCOPE: Final = "scope"
CLAIM: Final = "claim"


class Consent(Base):
    """One decision: on a scope, or on a single claim that was asked for by its name (OpenID Connect Core §5.5).

    What was left unticked is remembered too (``granted`` False), so that it is not asked again at each login.
    ``purpose`` is what the person was told. Withdrawing deletes the rows; what was agreed and when stays in the audit.
    From ``expires_at`` on a decision counts no more, and what grew out of it is ended (``decide.lapse``).
    """

    __tablename__ = "consent_decision"
    __table_args__ = (UniqueConstraint("account_id", "client_id", "kind", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(8), default=SCOPE)
    name: Mapped[str] = mapped_column(String(200))
    granted: Mapped[bool]
    purpose: Mapped[str | None] = mapped_column(String(400))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
