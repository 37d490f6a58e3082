"""What profiles offers the packages above it. Nothing else of profiles may be imported from outside, except
``profiles.events`` and the port that ``profiles.panels`` declares.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from profiles.models.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateState:
    """What a reminder needs to know: no number, no holder. ``status`` as reported, lapse by date apart."""

    name: str
    issuer: str
    valid_to: date | None
    status: str


def certificate_state(db: Session, certificate_id: str) -> CertificateState | None:
    """A certificate as it stands now; None when it is gone."""
    row = db.execute(
        select(Certificate.name, Certificate.issuer, Certificate.valid_to, Certificate.status).where(
            Certificate.id == certificate_id
        )
    ).one_or_none()
    return CertificateState(name=row.name, issuer=row.issuer, valid_to=row.valid_to, status=row.status) if row else None
