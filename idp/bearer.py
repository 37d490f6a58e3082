"""Requests with an access token (RFC 6750): who asks, for whom, with which scopes.

The token's signature says that it was ours, the client's registration and the family say that it still counts. A
machine's token needs no read when the client is in the cache; a person's needs one, so that what was ended is over
at once.
"""

from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from idp.clients import registered
from idp.clients.registered import RegisteredClient
from idp.tokens import check, families
from idp.tokens.check import AccessToken, Unusable
from idp.tokens.families import Standing
from kernel.db import reading
from kernel.errors import AppError
from kernel.machine import Request

REALM: Final = 'Bearer realm="kapok"'


class BearerRefused(AppError):
    """``code`` is RFC 6750 §3.1's; the challenge is in ``headers``."""

    code = "invalid_token"
    status = 401
    message = _("访问凭据无效或者已经过期，请重新取得授权。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """``scopes`` are those of the token that the client is still registered for. Without account it is a machine's."""

    client_id: str
    scopes: frozenset[str]
    account_id: str | None
    family_id: str | None


def bearer(request: Request, *, scope: str) -> Bearer:
    """Who sent this request, by the token in its Authorization header.

    Opens a ``reading()`` of its own; call it before your transaction.

    :raises BearerRefused: 401 without a good token, 403 where it lacks ``scope``; with ``WWW-Authenticate``.
    """
    token, client = read(presented(request), scope=scope)
    account_id = None
    if token.family_id is not None:
        with reading() as db:
            account_id = live_family(db, token).account_id
    return Bearer(
        client_id=client.client_id,
        scopes=token.scopes & client.scopes,
        account_id=account_id,
        family_id=token.family_id,
    )


def presented(request: Request) -> str:
    """The token in the Authorization header; the scheme's case does not matter (RFC 9110 §11.1).

    :raises BearerRefused: without an error code where there is none (RFC 6750 §3).
    """
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise missing()
    return token.strip()


def missing() -> BearerRefused:
    return BearerRefused("token_required", headers=(("WWW-Authenticate", REALM),), detail="no bearer token")


def refused(code: str, status: int, description: str, **more: str) -> BearerRefused:
    """A refusal with its challenge. ``description`` is ASCII without quotes (RFC 6750 §3)."""
    parts = {"error": code, "error_description": description, **more}
    challenge = ", ".join([REALM, *(f'{name}="{value}"' for name, value in parts.items())])
    return BearerRefused(code, status, headers=(("WWW-Authenticate", challenge),), detail=description)


def read(token: str, *, scope: str) -> tuple[AccessToken, RegisteredClient]:
    """The token's content and its client; whether a person's family still lives is asked by ``live_family``."""
    try:
        found = check.access_token(token)
    except Unusable as why:
        raise refused("invalid_token", 401, f"the access token is not usable: {why}") from None
    client = registered.find(found.client_id)
    if client is None:
        raise refused("invalid_token", 401, "the client is not registered any more")
    if scope not in found.scopes & client.scopes:
        raise refused("insufficient_scope", 403, "the access token lacks the scope", scope=scope)
    return found, client


def live_family(db: Session, token: AccessToken) -> Standing:
    """The family of a person's token, by one statement. :raises BearerRefused: where it has ended."""
    family = families.standing(db, token.family_id) if token.family_id is not None else None
    if family is None or not family.live:
        raise refused("invalid_token", 401, "the access token was revoked")
    return family
