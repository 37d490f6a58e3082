"""Counting of tries: first counted, then checked, so that a hundred at once are a hundred tries.

What is counted is the text that was typed, whether an account of that name exists or not: from outside the counters
look the same for both. One bucket is the pair of that text and the address; a device that signed in to the account
before has a bucket of its own instead, so that nobody can lock its owner out (IDENTITY §5). The buckets of the text at
all addresses and of the address for all texts are wider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp.models.attempt import LoginCount
from idp.settings import SignInSettings
from kernel import clock, crypto, settings
from kernel.db import is_postgresql

TELL_FROM: Final = 3
WIDE_WINDOW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """``left`` is what remains if this try fails, told from the third on; ``until`` when counting starts over.

    ``first_refusal`` marks the first of the tries that are not ``allowed``, for the audit.
    """

    own: str
    shared: tuple[str, ...]
    left: int | None
    until: datetime
    allowed: bool = True
    first_refusal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bucket:
    key: str
    limit: int
    window: timedelta


def take(db: Session, key: str, *, address: str | None, device: str | None) -> Tries:
    """Count one try. ``key`` stands for the text typed; ``device`` is the digest of a device known for its account."""
    limits = settings.of(SignInSettings)
    pause = timedelta(minutes=limits.login_pause_minutes)
    place = _network(address)
    if device is not None:
        buckets = [_bucket(f"device:{key}:{device}", limits.login_tries, pause)]
    else:
        buckets = [
            _bucket(f"pair:{key}:{place}", limits.login_tries, pause),
            _bucket(f"text:{key}", limits.login_tries_everywhere, WIDE_WINDOW),
            _bucket(f"address:{place}", limits.login_tries_address, pause),
        ]
    own, *wider = buckets
    failures, until = _count(db, own, pause)
    left = own.limit - failures if failures >= TELL_FROM else None
    counted: list[str] = []
    for bucket in (own, *wider):
        if bucket is not own:
            failures, ends_at = _count(db, bucket, pause)
            counted.append(bucket.key)
            until = ends_at if failures > bucket.limit else until
        if failures > bucket.limit:
            # The wider ones are not counted on: who is stopped here must not use up the tries of others.
            first = failures == bucket.limit + 1
            shared = tuple(counted)
            return Tries(own=own.key, shared=shared, left=0, until=until, allowed=False, first_refusal=first)
    return Tries(own=own.key, shared=tuple(counted), left=left, until=until)


def forget(db: Session, tries: Tries) -> None:
    """The try was right: its own bucket starts over, the shared ones are as if it had not been."""
    db.execute(delete(LoginCount).where(LoginCount.bucket == tries.own))
    give_back(db, tries.shared)


def give_back(db: Session, buckets: Sequence[str]) -> None:
    """Take one try back from each."""
    for bucket in buckets:  # in the order of counting, so that two transactions lock rows alike
        db.execute(
            update(LoginCount)
            .where(LoginCount.bucket == bucket, LoginCount.failures > 0)
            .values(failures=LoginCount.failures - 1)
        )


def _count(db: Session, bucket: _Bucket, pause: timedelta) -> tuple[int, datetime]:
    """Add one in a single statement; at the limit the pause begins, and later tries do not lengthen it."""
    now = clock.now()
    over = LoginCount.ends_at <= now
    changes: dict[str, Any] = {
        "failures": case((over, 1), else_=LoginCount.failures + 1),
        "ends_at": case(
            (over, now + bucket.window),
            (LoginCount.failures + 1 == bucket.limit, now + pause),
            else_=LoginCount.ends_at,
        ),
    }
    first = {"bucket": bucket.key, "failures": 1, "ends_at": now + bucket.window}
    insert = postgresql.insert if is_postgresql(db) else sqlite.insert
    row = db.execute(
        insert(LoginCount)
        .values(**first)
        .on_conflict_do_update(index_elements=[LoginCount.bucket], set_=changes)
        .returning(LoginCount.failures, LoginCount.ends_at)
    ).one()
    return row.failures, row.ends_at


def _bucket(name: str, limit: int, window: timedelta) -> _Bucket:
    return _Bucket(key=crypto.blind_index("login_count", name), limit=limit, window=window)


def _network(address: str | None) -> str:
    """The address, or of IPv6 the /64 that one subscriber has."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else str(parsed)
