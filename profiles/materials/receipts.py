"""Receipts of releases: each is a link of the person's own chain, so that none can be changed or left out unseen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kernel import clock
from profiles import cursor
from profiles.materials.material import fingerprint
from profiles.models.reuse import ReusePackage, ReuseRelease

FIRST: Final = "0" * 64
"""What the first receipt of a chain names as its predecessor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One released material: the name of what was given and the hash of what the portal got."""

    code: str
    name: str
    given: str
    """A field's name, or ``certificate:<name>``; see ``labels.field_label``."""
    source: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLine:
    """A receipt. ``fetched_at`` is when the portal took the package; it never changes afterwards."""

    id: str
    seq: int
    receiver: str
    item_code: str
    item_name: str
    purpose: str
    given: tuple[Given, ...]
    withheld: tuple[str, ...]
    at: datetime
    expires_at: datetime
    fetched_at: datetime | None
    previous_hash: str
    hash: str

    @property
    def state(self) -> str:
        """`fetched`, `waiting`, or `expired` when nobody came for it."""
        if self.fetched_at is not None:
            return "fetched"
        return "waiting" if self.expires_at > clock.now() else "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePage:
    items: tuple[ReleaseLine, ...]
    older: str | None


def releases_of(db: Session, party_key: str, *, after: str | None = None, limit: int = 20) -> ReleasePage:
    """The person's receipts, newest first; ``after`` is the cursor of the page before."""
    stmt = _lines().where(ReuseRelease.party_key == party_key)
    if after is not None:
        (id_,) = cursor.load(after, 1)
        stmt = stmt.where(ReuseRelease.id < id_)
    rows = db.execute(stmt.order_by(ReuseRelease.id.desc()).limit(limit + 1)).all()
    items = tuple(_line(release, fetched) for release, fetched in rows[:limit])
    return ReleasePage(items=items, older=cursor.dump(items[-1].id) if len(rows) > limit else None)


def release_of(db: Session, party_key: str, release_id: str) -> ReleaseLine | None:
    """One receipt of this person, None when it is somebody else's."""
    row = db.execute(_lines().where(ReuseRelease.id == release_id, ReuseRelease.party_key == party_key)).one_or_none()
    return _line(*row) if row else None


def receipt_hash(release: ReuseRelease) -> str:
    """SHA-256 over everything the receipt says and its predecessor's hash."""
    said: dict[str, Any] = {
        "id": release.id,
        "party": release.party_key,
        "seq": release.seq,
        "account": release.account_id,
        "intent": release.intent_id,
        "client": release.client_id,
        "receiver": release.receiver_name,
        "item": [release.item_code, release.item_name],
        "purpose": release.purpose,
        "released": release.released,
        "withheld": release.withheld,
        "at": release.at.isoformat(),
        "expires_at": release.expires_at.isoformat(),
        "previous": release.previous_hash,
    }
    return fingerprint(said)


def verify(db: Session, party_key: str) -> list[str]:
    """The ids of receipts that do not fit into the person's chain: changed, or with a predecessor missing."""
    stmt = select(ReuseRelease).where(ReuseRelease.party_key == party_key).order_by(ReuseRelease.seq)
    return list(_broken(db.scalars(stmt)))


def _broken(chain: Iterable[ReuseRelease]) -> Iterable[str]:
    seq, previous = 0, FIRST
    for release in chain:
        seq += 1
        if (release.seq, release.previous_hash, release.hash) != (seq, previous, receipt_hash(release)):
            yield release.id
        seq, previous = release.seq, release.hash


def _lines() -> Select[ReuseRelease, datetime | None]:
    return select(ReuseRelease, ReusePackage.used_at).join(ReusePackage, ReusePackage.release_id == ReuseRelease.id)


def _line(release: ReuseRelease, fetched_at: datetime | None) -> ReleaseLine:
    return ReleaseLine(
        id=release.id,
        seq=release.seq,
        receiver=release.receiver_name,
        item_code=release.item_code,
        item_name=release.item_name,
        purpose=release.purpose,
        given=tuple(Given(**entry) for entry in release.released),
        withheld=tuple(release.withheld),
        at=release.at,
        expires_at=release.expires_at,
        fetched_at=fetched_at,
        previous_hash=release.previous_hash,
        hash=release.hash,
    )
