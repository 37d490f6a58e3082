"""Telling a CIBA client that it can fetch its answer now (CIBA Core §10.2), and forgetting what is over."""

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from idp.clients import registered
from idp.models.cross_device import CrossDeviceRequest
from idp.purge import purge
from kernel import clock, http, log
from kernel.db import skip_locked, transaction
from kernel.errors import AppError
from kernel.tasks import Periodic

LEASE: Final = timedelta(seconds=30)
MOST_ATTEMPTS: Final = 5
CALL_SECONDS: Final = 5.0
TURN_SECONDS: Final = 20.0  # of the one thread that all periodic tasks have; with a last call within the lease
KEPT: Final = timedelta(hours=1)

_logger = log.get("idp.cross_device.ping")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    id: str
    client_id: str
    token: str
    auth_req_id: str
    attempt: int


def ping_due() -> int:
    """Tell every client that waits, for one turn; how many calls that were. A client that does not listen can still
    poll.
    """
    calls, until = 0, time.monotonic() + TURN_SECONDS
    while time.monotonic() < until and (claimed := _claim()) is not None:
        done = _call(claimed)
        if not done:
            _spare(claimed.client_id)
        if done or claimed.attempt >= MOST_ATTEMPTS:
            _settle(claimed.id)
        calls += 1
    return calls


def _claim() -> _Claim | None:
    now = clock.now()
    due = (
        select(CrossDeviceRequest)
        .where(CrossDeviceRequest.ping_due_at <= now)
        .order_by(CrossDeviceRequest.ping_due_at)
        .limit(1)
    )
    with transaction() as db:
        row = db.scalar(skip_locked(due, db))
        if row is None or row.ping_token is None:
            return None
        row.ping_attempts += 1
        row.ping_due_at = now + LEASE * row.ping_attempts
        kept = json.loads(row.ping_token)
        return _Claim(
            id=row.id,
            client_id=row.client_id,
            token=kept["token"],
            auth_req_id=kept["auth_req_id"],
            attempt=row.ping_attempts,
        )


def _call(claimed: _Claim) -> bool:
    client = registered.find(claimed.client_id)
    endpoint = client.meta.backchannel_client_notification_endpoint if client is not None else None
    if client is None or endpoint is None:
        return True
    try:
        answer = http.request(
            "POST",
            endpoint,
            headers={"Authorization": f"Bearer {claimed.token}"},
            json={"auth_req_id": claimed.auth_req_id},
            timeout=CALL_SECONDS,
            internal=client.meta.internal_network,
        )
    except AppError as error:
        _logger.warning("ping.failed", client_id=claimed.client_id, attempt=claimed.attempt, why=error.code)
        return False
    return answer.status in {200, 204}


def _spare(client_id: str) -> None:
    """Let the others of a client that does not answer wait too: its silence must not hold up everybody else's."""
    now = clock.now()
    others = update(CrossDeviceRequest).where(
        CrossDeviceRequest.client_id == client_id, CrossDeviceRequest.ping_due_at <= now
    )
    with transaction() as db:
        db.execute(others.values(ping_due_at=now + LEASE).execution_options(synchronize_session=False))


def _settle(request_id: str) -> None:
    with transaction() as db:
        done = update(CrossDeviceRequest).where(CrossDeviceRequest.id == request_id)
        db.execute(done.values(ping_due_at=None, ping_token=None))


def sweep() -> None:
    """Delete requests that ended an hour ago; until then a late poll gets its true answer."""
    purge(CrossDeviceRequest.id, CrossDeviceRequest.expires_at < clock.now() - KEPT)


def _ping() -> None:
    ping_due()


PERIODIC: Final = (
    Periodic(name="ciba.ping", every=timedelta(seconds=5), run=_ping, lease=LEASE),
    Periodic(name="cross_device.sweep", every=timedelta(minutes=10), run=sweep),
)
