"""The portal fetches what was released: once, within ten minutes, by the client that asked."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import audit, clock, crypto
from kernel.db import on_refusal
from kernel.errors import AppError
from profiles import access
from profiles.access import Kind, Reader
from profiles.models.reuse import ReusePackage, ReuseRelease


class Gone(AppError):
    """Fetched already, or too late. The answer is the same for a code that never was: nobody can probe."""

    code = "code_not_usable"
    status = 410
    message = "The code is unknown, was used before, or has expired."


def redeem(db: Session, client_id: str, code: str) -> str:
    """The package as JSON text, handed over by this very call.

    The update decides who of several callers gets it (one row, one winner); the look is in the person's log in the
    same commit, and the content leaves the database with it.

    :raises Gone: and the attempt is audited.
    """
    now = clock.now()
    digest = crypto.digest(code)
    mine = (ReusePackage.code_digest == digest, ReusePackage.client_id == client_id)
    release_id = db.scalar(
        update(ReusePackage)
        .where(*mine, ReusePackage.used_at.is_(None), ReusePackage.expires_at > now)
        .values(used_at=now)
        .returning(ReusePackage.release_id)
    )
    if release_id is None:
        _refused(db, digest)
        raise Gone(detail="unknown, used, expired or another client's")
    content = db.scalar(select(ReusePackage.content).where(ReusePackage.release_id == release_id))
    assert content is not None, "content leaves only with used_at or after expires_at"
    db.execute(update(ReusePackage).where(ReusePackage.release_id == release_id).values(content=None))
    _log(db, release_id)
    return content


def _log(db: Session, release_id: str) -> None:
    row = db.execute(
        select(
            ReuseRelease.party_key,
            ReuseRelease.client_id,
            ReuseRelease.receiver_name,
            ReuseRelease.item_name,
            ReuseRelease.purpose,
            ReuseRelease.released,
        ).where(ReuseRelease.id == release_id)
    ).one()
    reader = Reader(
        kind=Kind.PORTAL,
        id=row.client_id,
        name=row.receiver_name,
        purpose=f"{row.item_name}：{row.purpose}",
        reference=release_id,
    )
    given: list[dict[str, Any]] = row.released
    access.record(db, row.party_key, reader, [entry["given"] for entry in given])
    audit.record(db, "reuse.redeemed", subject=release_id, details={"materials": len(given)})


def _refused(db: Session, digest: str) -> None:
    """A known code that comes again is a sign of theft or of a fault: written down although nothing else is."""
    release_id = db.scalar(select(ReusePackage.release_id).where(ReusePackage.code_digest == digest))
    if release_id is not None:
        on_refusal(db, lambda fresh: audit.record(fresh, "reuse.redeemed", outcome=Gone.code, subject=release_id))
