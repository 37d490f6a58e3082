"""What is over leaves the tables, a few hundred rows at a time, so that nobody waits for it (IDENTITY §3.17)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import or_
from sqlalchemy.orm import Session

from idp.accounts import levels
from idp.consent import decide
from idp.models.attempt import KnownDevice, LoginCount
from idp.models.link import Arrival
from idp.models.session import LoginSession
from idp.purge import purge
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
    _all(lambda db: levels.lower(db, BATCH))
    _all(decide.lapse)
    now = clock.now()
    idle = now - settings.of(SignInSettings).longest_idle
    purge(LoginSession.id, or_(LoginSession.expires_at <= now, LoginSession.last_seen_at <= idle))
    purge(Arrival.id, Arrival.expires_at <= now)
    purge(LoginCount.bucket, LoginCount.ends_at <= now)
    purge(KnownDevice.device_hash, KnownDevice.last_seen_at <= now - DEVICE_LIFE)


def _all(step: Callable[[Session], int]) -> None:
    while True:
        with transaction() as db:
            done = step(db)
        if done < BATCH:
            return


SWEEPER: Final = Periodic(name="idp.sweep", every=timedelta(minutes=1), run=sweep)
