"""Writing a request, and the secrets that stand for it."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidScopeError, UnauthorizedClientError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp import scopes
from idp.clients.registered import RegisteredClient
from idp.models.cross_device import CrossDeviceRequest
from kernel import clock, crypto
from kernel.ids import new_id, new_secret

LIFE: Final = timedelta(minutes=10)
POLL_SECONDS: Final = 5
# RFC 8628 §6.1: no vowels, so that no words come out, and nothing that looks like something else. 20^8 of them.
LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_HALF: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """``secret`` is the device_code or auth_req_id; only its digest is kept."""

    id: str
    secret: str
    user_code: str | None
    expires_at: datetime


def scope_of(client: RegisteredClient, grant: str, text: str | None) -> frozenset[str]:
    """The personal scopes of the request that the client may have.

    :raises UnauthorizedClientError: for a client that is not registered for ``grant``.
    :raises InvalidScopeError: where nothing of it remains.
    """
    if not client.check_grant_type(grant):
        raise UnauthorizedClientError(f"the client is not registered for the grant_type {grant}")
    found = scopes.personal(scopes.split(text)) & client.scopes
    if not found - {scopes.OFFLINE}:
        raise InvalidScopeError("no scope of the request is open to this client")
    return found


def write(
    db: Session,
    client: RegisteredClient,
    *,
    kind: str,
    asked: dict[str, Any],
    with_user_code: bool = False,
    life: timedelta = LIFE,
    **more: Any,
) -> Begun:
    """One INSERT. ``asked`` is kept as it is for the page and the decision."""
    secret, ends = new_secret(), clock.now() + life
    row = CrossDeviceRequest(
        id=new_id(),
        kind=kind,
        secret_hash=crypto.digest(secret),
        user_code=_free_code(db) if with_user_code else None,
        client_id=client.client_id,
        asked=asked,
        poll_seconds=POLL_SECONDS,
        expires_at=ends,
        **more,
    )
    db.add(row)
    db.flush()
    return Begun(id=row.id, secret=secret, user_code=row.user_code, expires_at=ends)


def remember_ping(db: Session, begun: Begun, token: str | None) -> None:
    """Keep, sealed, what a ping needs: the client's token, and the secret, which a ping names (CIBA §10.2)."""
    if token is not None:
        row = db.get_one(CrossDeviceRequest, begun.id)
        row.ping_token = json.dumps({"token": token, "auth_req_id": begun.secret})


def _free_code(db: Session) -> str:
    """A code that nobody waits for. Two requests that drew the same at once: the database refuses the second."""
    for _ in range(10):
        code = "".join(secrets.choice(LETTERS) for _ in range(2 * _HALF))
        if db.scalar(select(CrossDeviceRequest.id).where(CrossDeviceRequest.user_code == code)) is None:
            return code
    raise IntegrityError("no free user code", None, Exception("too many requests are waiting"))


def shown(user_code: str) -> str:
    """``BCDF-GHJK``: in two halves, to be read out and typed."""
    return f"{user_code[:_HALF]}-{user_code[_HALF:]}"


def typed(text: str) -> str | None:
    """What a person typed as a code; None for what cannot be one. Case, spaces and dashes do not matter."""
    plain = "".join(letter for letter in text.upper() if letter not in " -\u2013\u2014\u00a0\u3000·.")
    return plain if len(plain) == 2 * _HALF and set(plain) <= set(LETTERS) else None
