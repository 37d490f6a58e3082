"""Telling portals by back channel that a person has signed out (OpenID Connect Back-Channel Logout §2.5).

The rows are the queue; a task only wakes it. One row at a time: claimed in a transaction, called outside any, settled
in another. A portal that does not answer is asked again for a day.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from idp.clients import registered
from idp.clients.registered import RegisteredClient
from idp.models.logout import LogoutDelivery
from idp.purge import purge
from idp.tokens import mint
from kernel import audit, clock, http, log
from kernel.db import skip_locked, transaction
from kernel.errors import AppError
from kernel.ids import new_id, new_secret
from kernel.tasks import Periodic

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
TYP: Final = "logout+jwt"
LIFE: Final = timedelta(minutes=2)  # §2.4 recommends so short a life
LEASE: Final = timedelta(seconds=30)
FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=2)
MOST_ATTEMPTS: Final = 20  # with the waits above about a day
CALL_SECONDS: Final = 5.0
TURN_SECONDS: Final = 20.0  # of the one thread that all periodic tasks have; with a last call within the lease
SLOW_SECONDS: Final = 1.0
KEPT: Final = timedelta(days=30)

_logger = log.get("idp.logout.send")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    id: str
    client_id: str
    sub: str
    session_id: str
    attempt: int
    claim: str


def logout_token(client: RegisteredClient, *, sub: str, sid: str) -> str:
    """A logout token (§2.4): subject and session as in the ID token, and never a nonce."""
    now = int(clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": mint.issuer(),
        "aud": client.client_id,
        "sub": sub,
        "sid": sid,
        "iat": now,
        "exp": now + int(LIFE.total_seconds()),
        "jti": new_secret(16),
        "events": {EVENT: {}},
    }
    return mint.signed(claims, alg=client.meta.id_token_signed_response_alg, typ=TYP)


def send_due() -> int:
    """Tell everybody who is due, for one turn; how many calls that were."""
    calls, until = 0, time.monotonic() + TURN_SECONDS
    while time.monotonic() < until and (claimed := _claim()) is not None:
        began = time.monotonic()
        fault = _call(claimed)
        _settle(claimed, fault, took=time.monotonic() - began)
        calls += 1
    return calls


def _claim() -> _Claim | None:
    now, token = clock.now(), new_id()
    due = (
        select(LogoutDelivery)
        .where(LogoutDelivery.due_at <= now)
        .order_by(LogoutDelivery.due_at, LogoutDelivery.id)
        .limit(1)
    )
    with transaction() as db:
        row = db.scalar(skip_locked(due, db))
        if row is None:
            return None
        row.attempts += 1
        row.claim, row.due_at = token, now + LEASE
        return _Claim(
            id=row.id,
            client_id=row.client_id,
            sub=row.sub,
            session_id=row.session_id,
            attempt=row.attempts,
            claim=token,
        )


def _call(claimed: _Claim) -> str | None:
    """Make the call; None when the portal confirmed, else in a word why not."""
    client = registered.find(claimed.client_id)
    if client is None or client.meta.backchannel_logout_uri is None:
        return "gone"
    try:
        answer = http.request(
            "POST",
            client.meta.backchannel_logout_uri,
            form={"logout_token": logout_token(client, sub=claimed.sub, sid=claimed.session_id)},
            timeout=CALL_SECONDS,
            internal=client.meta.internal_network,
        )
    except AppError as error:
        return error.code
    # §2.8: 200; some answer 204. A redirect is no confirmation.
    return None if answer.status in {200, 204} else f"status {answer.status}"


def _settle(claimed: _Claim, fault: str | None, *, took: float) -> None:
    now = clock.now()
    values: dict[str, Any] = {"claim": None, "last_error": fault}
    given_up = fault is not None and (fault == "gone" or claimed.attempt >= MOST_ATTEMPTS)
    if fault is None:
        values |= {"due_at": None, "confirmed_at": now}
    elif given_up:
        values |= {"due_at": None, "given_up_at": now}
    else:
        values |= {"due_at": now + wait(claimed.attempt)}
    with transaction() as db:
        if fault is not None:
            _spare(db, claimed.client_id, now, LEASE)
        elif took > SLOW_SECONDS:
            _spare(db, claimed.client_id, now, timedelta(seconds=took))  # others have as much time as it took
        # Only whoever holds the claim: a call that outlasted its lease must not undo the next one's success.
        db.execute(
            update(LogoutDelivery)
            .where(LogoutDelivery.id == claimed.id, LogoutDelivery.claim == claimed.claim)
            .values(**values)
        )
        if given_up:
            audit.record(
                db,
                "logout.unconfirmed",
                outcome="given_up",
                subject=claimed.client_id,
                details={"session": claimed.session_id, "why": fault or ""},
            )
    if fault is not None:
        _logger.warning("logout.not_confirmed", client_id=claimed.client_id, attempt=claimed.attempt, why=fault)


def _spare(db: Session, client_id: str, now: datetime, rest: timedelta) -> None:
    """Let the others of a portal that is silent or slow wait too: it must not hold up everybody else's."""
    db.execute(
        update(LogoutDelivery)
        .where(LogoutDelivery.client_id == client_id, LogoutDelivery.due_at <= now)
        .values(due_at=now + rest)
        .execution_options(synchronize_session=False)
    )


def wait(attempt: int) -> timedelta:
    """Twice as long each time, up to two hours."""
    return min(FIRST_WAIT * (1 << (attempt - 1)), LONGEST_WAIT)


def sweep() -> None:
    """Forget deliveries that were settled a month ago."""
    purge(LogoutDelivery.id, LogoutDelivery.created_at < clock.now() - KEPT)


def _send() -> None:
    send_due()


PERIODIC: Final = (
    Periodic(name="logout.send", every=timedelta(seconds=5), run=_send, lease=LEASE),
    Periodic(name="logout.sweep", every=timedelta(hours=6), run=sweep),
)
