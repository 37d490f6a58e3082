"""The cookie by which a browser is known again after a sign-in. It signs nobody in; it only counts tries apart."""

from typing import Final

from flask import after_this_request, request
from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from idp.models.attempt import KnownDevice
from kernel import clock, crypto, settings
from kernel.db import UtcDateTime, after_commit
from kernel.ids import new_secret

YEAR_SECONDS: Final = 365 * 24 * 3600
LONGEST: Final = 64


_KNOWN: Final = select(KnownDevice.device_hash).where(
    KnownDevice.account_id == bindparam("account_id"), KnownDevice.device_hash == bindparam("device_hash")
)
_SEEN: Final = text(
    "INSERT INTO known_device (account_id, device_hash, last_seen_at) VALUES (:account_id, :device_hash, :last_seen_at)"
    " ON CONFLICT (account_id, device_hash) DO UPDATE SET last_seen_at = excluded.last_seen_at"
).bindparams(bindparam("last_seen_at", type_=UtcDateTime()))


def cookie_name() -> str:
    return "__Host-kapok_device" if _secure() else "kapok_device"


def known(db: Session, account_id: str | None) -> str | None:
    """The digest of this browser's device cookie if it signed in to the account before."""
    value = request.cookies.get(cookie_name(), "")
    if not account_id or not value or len(value) > LONGEST:
        return None
    return db.scalar(_KNOWN, {"account_id": account_id, "device_hash": crypto.digest(value)})


def remember(db: Session, account_id: str) -> None:
    """From now on this browser is known for the account; its cookie is set when that has been written."""
    value = request.cookies.get(cookie_name(), "")
    fresh = not value or len(value) > LONGEST
    if fresh:
        value = new_secret()
    seen = {"account_id": account_id, "device_hash": crypto.digest(value), "last_seen_at": clock.now()}
    db.execute(_SEEN, seen)
    if fresh:
        after_commit(db, lambda: _send(value))


def _send(value: str) -> None:
    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            cookie_name(),
            value,
            max_age=YEAR_SECONDS,
            path="/",
            secure=_secure(),
            httponly=True,
            samesite="Lax",
        )
        return response


def _secure() -> bool:
    return settings.of(settings.KernelSettings).public_url.startswith("https://")
