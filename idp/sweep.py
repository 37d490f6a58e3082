"""What is over leaves the tables, a few hundred rows at a time, so that nobody waits for it (IDENTITY §3.17)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from idp.accounts import levels
from idp.consent import decide
from idp.models.attempt import KnownDevice, LoginCount
from idp.models.link import Arrival
from idp.models.session import LoginSession
from idp.settings import SignInSettings
from kernel import clock, settings
from kernel.db import transaction
from kernel.tasks import Periodic

BATCH: Final = 500
DEVICE_LIFE: Final = timedelta(days=400)  # the longest a browser keeps a cookie (RFC 6265bis §5.5)


def sweep() -> None:
    """Lower levels whose source is off and end consents whose time is over; delete what counts no more.

    That is sessions, arrivals, counts and devices.
    """
    for step in (_levels, decide.lapse, _sessions, _arrivals, _counts, _devices):
        _all(step)


def _all(step: Callable[[Session], int]) -> None:
    while True:
        with transaction() as db:
            done = step(db)
        if done < BATCH:
            return


def _levels(db: Session) -> int:
    return levels.lower(db, BATCH)


def _sessions(db: Session) -> int:
    now = clock.now()
    idle = now - settings.of(SignInSettings).longest_idle
    return _delete(db, LoginSession.id, or_(LoginSession.expires_at <= now, LoginSession.last_seen_at <= idle))


def _arrivals(db: Session) -> int:
    return _delete(db, Arrival.id, Arrival.expires_at <= clock.now())


def _counts(db: Session) -> int:
    return _delete(db, LoginCount.bucket, LoginCount.ends_at <= clock.now())


def _devices(db: Session) -> int:
    over = KnownDevice.last_seen_at <= clock.now() - DEVICE_LIFE
    return _delete(db, KnownDevice.device_hash, over)


def _delete(db: Session, key: Any, over: Any) -> int:
    batch = select(key).where(over).limit(BATCH)
    gone = db.scalars(
        delete(key.class_).where(key.in_(batch), over).returning(key).execution_options(synchronize_session=False)
    )
    return len(gone.all())


SWEEPER: Final = Periodic(name="idp.sweep", every=timedelta(minutes=1), run=sweep)
