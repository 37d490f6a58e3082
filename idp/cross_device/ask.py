"""What a client asks in a backchannel authentication request (CIBA Core §7.1), checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError
from sqlalchemy.orm import Session

from idp import scopes
from idp.accounts import login_names
from idp.clients import info
from idp.clients.registered import RegisteredClient
from idp.login.password import account_named
from idp.models.account import ACTIVE, Account
from idp.tokens import hints
from idp.tokens.check import Unusable
from kernel.errors import Invalid

MOST_MESSAGE: Final = 60
LONGEST: Final = timedelta(minutes=30)
_BEARER: Final = re.compile(r"[A-Za-z0-9\-._~+/]{22,1024}=*\Z")  # RFC 6750 §2.1; CIBA §7.1 asks for 128 bits
_HINTS: Final = ("login_hint", "id_token_hint", "login_hint_token")


class UnknownUserId(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    error = "unknown_user_id"
    description = "the hint names nobody who could be asked"


class InvalidBindingMessage(OAuth2Error):  # type: ignore[misc]
    error = "invalid_binding_message"
    description = f"binding_message must be 1 to {MOST_MESSAGE} characters that can be read on a page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """``ping_token`` is the client's bearer token for its notification endpoint; ``hint`` says who is meant."""

    hint: tuple[str, str]
    message: str | None
    life: timedelta | None
    ping_token: str | None


def read(client: RegisteredClient, scope: frozenset[str], form: Mapping[str, str]) -> Wish:
    """:raises OAuth2Error: for what cannot be asked so."""
    if scopes.OPENID not in scope:
        raise InvalidScopeError("scope must have openid")
    if "request" in form or "request_uri" in form:
        raise InvalidRequestError("signed backchannel requests are not offered: send the parameters themselves")
    given = [(name, form[name]) for name in _HINTS if form.get(name)]
    if len(given) != 1:
        raise InvalidRequestError("exactly one of login_hint, id_token_hint and login_hint_token must be there")
    if given[0][0] == "login_hint_token":
        raise InvalidRequestError("login_hint_token is not offered: use login_hint or id_token_hint")
    return Wish(
        hint=given[0],
        message=_message(form.get("binding_message")),
        life=_life(form.get("requested_expiry")),
        ping_token=_ping_token(client, form.get("client_notification_token")),
    )


def _message(text: str | None) -> str | None:
    if text is not None and (len(text) > MOST_MESSAGE or not text.isprintable()):
        raise InvalidBindingMessage
    return text


def _life(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 6 and int(text) > 0):
        raise InvalidRequestError("requested_expiry must be a number of seconds above 0")
    return min(timedelta(seconds=int(text)), LONGEST)


def _ping_token(client: RegisteredClient, token: str | None) -> str | None:
    if client.meta.backchannel_token_delivery_mode != "ping":  # noqa: S105
        return None
    if token is None or not _BEARER.match(token):
        raise InvalidRequestError("client_notification_token must be a bearer token of 22 to 1024 characters")
    return token


def person(db: Session, client: RegisteredClient, hint: tuple[str, str]) -> Account:
    """Whom the hint names.

    :raises UnknownUserId: where that is nobody, or an account that cannot be used.
    """
    kind, value = hint
    account = _by_name(db, value) if kind == "login_hint" else _by_id_token(db, client, value)
    if account is None or account.status != ACTIVE:
        raise UnknownUserId
    return account


def _by_name(db: Session, text: str) -> Account | None:
    if len(text) > login_names.LONGEST:
        return None
    try:
        return account_named(db, login_names.read(text))
    except Invalid:
        return None


def _by_id_token(db: Session, client: RegisteredClient, token: str) -> Account | None:
    try:
        hint = hints.read(token)
    except Unusable as why:
        raise InvalidRequestError(f"id_token_hint is not usable: {why}") from None
    if hint.client_id != client.client_id:
        raise InvalidRequestError("id_token_hint is of another client")
    account_id = info.account_of(db, client_id=client.client_id, sub=hint.sub)
    return db.get(Account, account_id) if account_id is not None else None
