"""Counting of tries: first counted, then checked, so that a hundred at once are a hundred tries.

What is counted is the text that was typed, whether an account of that name exists or not: from outside the counters
look the same for both. One bucket is the pair of that text and the address; a device that signed in to the account
before has a bucket of its own instead, so that nobody can lock its owner out (IDENTITY §5). The buckets of the text at
all addresses and of the address for all texts are wider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from sqlalchemy import Integer, String, TextualSelect, bindparam, column, text
from sqlalchemy.orm import Session

from idp.settings import SignInSettings
from kernel import clock, crypto, settings
from kernel.db import UtcDateTime

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
    most: int
    window: timedelta


def take(db: Session, key: str, *, address: str | None, device: str | None) -> Tries:
    """Count one try. ``key`` stands for the text typed; ``device`` is the digest of a device known for its account."""
    own, *wider = _buckets(key, network(address), device)
    counted = _count(db, [own, *wider])
    failures, until = counted[own.key]
    stopped = next((one for one in (own, *wider) if counted[one.key][0] > one.most), None)
    shared = tuple(one.key for one in wider)
    if stopped is None:
        left = own.most - failures if failures >= TELL_FROM else None
        return Tries(own=own.key, shared=shared, left=left, until=until)
    if stopped is own:
        # Who is stopped at this address or device must not use up the tries of others.
        give_back(db, shared)
    failures, until = counted[stopped.key]
    first = failures == stopped.most + 1
    return Tries(own=own.key, shared=shared, left=0, until=until, allowed=False, first_refusal=first)


def _buckets(key: str, place: str, device: str | None) -> list[_Bucket]:
    limits = settings.of(SignInSettings)
    if device is not None:
        return [_bucket(f"device:{key}:{device}", limits.login_tries, limits.login_pause)]
    return [
        _bucket(f"pair:{key}:{place}", limits.login_tries, limits.login_pause),
        _bucket(f"text:{key}", limits.login_tries_everywhere, WIDE_WINDOW),
        _bucket(f"address:{place}", limits.login_tries_address, limits.login_pause),
    ]


def forget(db: Session, tries: Tries) -> None:
    """The try was right: its own bucket starts over, the shared ones are as if it had not been."""
    _give_back(db, [tries.own, *tries.shared], own=tries.own)


def give_back(db: Session, buckets: Sequence[str]) -> None:
    """Take one try back from each."""
    _give_back(db, buckets, own="")


_GIVE_BACK: Final = text(
    "UPDATE login_count SET failures = CASE WHEN bucket = :own THEN 0 ELSE failures - 1 END"
    " WHERE bucket = :bucket AND failures > 0"
)


def _give_back(db: Session, buckets: Sequence[str], *, own: str) -> None:
    # One after the other in the order of their keys, as they are counted: two transactions never wait in a circle.
    if buckets:
        db.execute(_GIVE_BACK, [{"own": own, "bucket": bucket} for bucket in sorted(buckets)])


def _count(db: Session, buckets: Sequence[_Bucket]) -> dict[str, tuple[int, datetime]]:
    """Add one to each in a single statement; at its limit a pause begins, and later tries do not lengthen it.

    :returns: tries and end of the count, by bucket.
    """
    now = clock.now()
    values: dict[str, object] = {"now": now, "pause_ends": now + settings.of(SignInSettings).login_pause}
    for n, one in enumerate(sorted(buckets, key=lambda one: one.key)):
        values |= {f"bucket{n}": one.key, f"most{n}": one.most, f"ends{n}": now + one.window}
    return {row.bucket: (row.failures, row.ends_at) for row in db.execute(_counting(len(buckets)), values)}


@cache
def _counting(buckets: int) -> TextualSelect:
    """The statement for so many buckets. Written out: SQLAlchemy compiles an insert of many rows anew each time."""
    rows = ", ".join(f"(:bucket{n}, 1, :most{n}, :ends{n})" for n in range(buckets))
    times = [
        bindparam(name, type_=UtcDateTime()) for name in ("now", "pause_ends", *(f"ends{n}" for n in range(buckets)))
    ]
    return (
        text(
            f"INSERT INTO login_count AS c (bucket, failures, most, ends_at) VALUES {rows}"  # noqa: S608  # names only
            " ON CONFLICT (bucket) DO UPDATE SET most = excluded.most,"
            " failures = CASE WHEN c.ends_at <= :now THEN 1 ELSE c.failures + 1 END,"
            " ends_at = CASE WHEN c.ends_at <= :now THEN excluded.ends_at"
            " WHEN c.failures + 1 = excluded.most THEN :pause_ends ELSE c.ends_at END"
            " RETURNING bucket, failures, ends_at"
        )
        .bindparams(*times)
        .columns(column("bucket", String()), column("failures", Integer()), column("ends_at", UtcDateTime()))
    )


def _bucket(name: str, most: int, window: timedelta) -> _Bucket:
    return _Bucket(key=crypto.blind_index("login_count", name), most=most, window=window)


def network(address: str | None) -> str:
    """The address, or of IPv6 the /64 that one subscriber has."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else str(parsed)
