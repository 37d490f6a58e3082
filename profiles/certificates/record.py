"""Keeping certificates as reported: the higher version wins, what is new or changed is published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kernel import mask, outbox
from kernel.db import is_postgresql
from profiles.events import CertificateRecorded
from profiles.models.certificate import Certificate
from profiles.upsert import upsert

FOREVER: Final = date(9999, 12, 31)
_CONTENT: Final = (
    "party_key",
    "holder_name",
    "identifier",
    "type_code",
    "type_name",
    "name",
    "number",
    "issuer",
    "issuer_code",
    "area_code",
    "item_code",
    "case_no",
    "issued_on",
    "valid_from",
    "valid_to",
    "expires_on",
    "status",
    "status_raw",
    "version",
    "reported_at",
    "received_at",
    "raw_id",
)
_TOLD: Final = ("party_key", "name", "valid_to", "status", "issuer")
"""What others hear of when it changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One certificate as one record tells it; `row` holds columns of `models.certificate`."""

    record_key: str
    version: int
    reported_at: datetime
    raw_id: str
    row: Mapping[str, Any]

    @property
    def precedence(self) -> tuple[int, datetime, str]:
        return (self.version, self.reported_at, self.raw_id)


def record(db: Session, department_id: str, issued: Iterable[Issued]) -> None:
    """Write the winners among `issued` and what is held, and publish what they change."""
    best: dict[str, Issued] = {}
    for one in issued:
        if one.record_key not in best or one.precedence > best[one.record_key].precedence:
            best[one.record_key] = one
    held = _held(db, department_id, best)
    winners = [
        one
        for key, one in sorted(best.items())
        if key not in held or one.precedence >= (held[key].version, held[key].reported_at, held[key].raw_id)
    ]
    upsert(
        db,
        Certificate,
        [
            {
                **one.row,
                "department_id": department_id,
                "record_key": one.record_key,
                "version": one.version,
                "reported_at": one.reported_at,
                "raw_id": one.raw_id,
            }
            for one in winners
        ],
        key=("record_key", "department_id"),
        update=_CONTENT,
    )
    changed = [
        one
        for one in winners
        if one.record_key not in held or any(getattr(held[one.record_key], name) != one.row[name] for name in _TOLD)
    ]
    _publish(db, department_id, changed)


def withdraw(db: Session, raw_ids: Sequence[str]) -> None:
    db.execute(delete(Certificate).where(Certificate.raw_id.in_(raw_ids)))


def _held(db: Session, department_id: str, keys: Iterable[str]) -> dict[str, Any]:
    stmt = (
        select(
            Certificate.record_key,
            Certificate.version,
            Certificate.reported_at,
            Certificate.raw_id,
            Certificate.party_key,
            Certificate.name,
            Certificate.valid_to,
            Certificate.status,
            Certificate.issuer,
        )
        .where(Certificate.department_id == department_id, Certificate.record_key.in_(sorted(keys)))
        .order_by(Certificate.record_key)
    )
    if is_postgresql(db):
        stmt = stmt.with_for_update()
    return {row.record_key: row for row in db.execute(stmt)}


def _publish(db: Session, department_id: str, changed: Sequence[Issued]) -> None:
    if not changed:
        return
    stmt = select(Certificate.record_key, Certificate.id).where(
        Certificate.department_id == department_id,
        Certificate.record_key.in_([one.record_key for one in changed]),
    )
    ids = {row.record_key: row.id for row in db.execute(stmt)}
    outbox.publish_all(
        db,
        [
            CertificateRecorded(
                certificate_id=ids[one.record_key],
                party_key=one.row["party_key"],
                name=one.row["name"],
                number_masked=mask.mask_number(one.row["number"]),
                issuer=one.row["issuer"],
                valid_to=one.row["valid_to"],
                status=one.row["status"],
            )
            for one in changed
        ],
    )
