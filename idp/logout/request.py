"""What a portal asks when it sends somebody here to sign out (OpenID Connect RP-Initiated Logout §2).

Nothing it sends is believed before it is checked: the hint must be an ID token of ours, the address to return to must
be one of that client's, byte by byte. What does not fit leads to a page, never elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask_babel import lazy_gettext as _

from idp import page_faults
from idp.clients import registered
from idp.clients.registered import RegisteredClient
from idp.tokens import hints
from idp.tokens.check import Unusable
from idp.tokens.hints import Hint
from kernel.errors import AppError, Text

MOST_STATE: Final = 2000
READ: Final = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


class LogoutFault(AppError):
    """The request cannot be followed; the person is told, and may sign out all the same."""

    status = 400
    code = "invalid_logout_request"
    message = _("这个网站发来的退出请求有误，没有按它的要求返回。您仍可以在这里退出登录。")

    def for_developers(self) -> Text | None:
        return page_faults.reason(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """``hint`` is whose ID token the portal showed; ``back`` is the address to return to, ``state`` included."""

    client: RegisteredClient | None
    hint: Hint | None
    back: str | None

    @property
    def names_session(self) -> str | None:
        return self.hint.sid if self.hint is not None else None


def read(sent: Mapping[str, list[str]]) -> LogoutRequest:
    """:raises LogoutFault: for a hint that is not ours, another client's, or an address that is not registered."""
    if any(len(values) > 1 for name, values in sent.items() if name in READ):
        raise LogoutFault("repeated_parameter", detail="a parameter came twice")
    given = {name: values[0] for name, values in sent.items() if name in READ and values and values[0]}
    hint = _hint(given.get("id_token_hint"))
    client_id = given.get("client_id")
    if hint is not None and client_id is not None and hint.client_id != client_id:
        raise LogoutFault("invalid_id_token_hint", detail="client_id is not the audience of id_token_hint")
    client = registered.find(hint.client_id if hint is not None else client_id)
    if client is None and (hint is not None or client_id is not None):
        raise LogoutFault("unknown_client", detail="the client is not registered")
    return LogoutRequest(client=client, hint=hint, back=_back(given, client, hint))


def _hint(token: str | None) -> Hint | None:
    if token is None:
        return None
    try:
        return hints.read(token)
    except Unusable as why:
        raise LogoutFault("invalid_id_token_hint", detail=f"id_token_hint: {why}") from None


def _back(given: Mapping[str, str], client: RegisteredClient | None, hint: Hint | None) -> str | None:
    uri, state = given.get("post_logout_redirect_uri"), given.get("state")
    if uri is None:
        return None
    # §3: without a hint nobody vouches for who asks, and a page that sends people on for anybody helps phishing.
    if hint is None or client is None:
        raise LogoutFault("id_token_hint_missing", detail="post_logout_redirect_uri needs id_token_hint")
    if uri not in client.post_logout_redirect_uris:
        raise LogoutFault("post_logout_redirect_uri_not_registered", detail=f"of client {client.client_id}")
    if state is None:
        return uri
    if len(state) > MOST_STATE or not state.isprintable():
        raise LogoutFault(detail="state is too long or holds control characters")
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': state})}"
