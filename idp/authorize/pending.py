"""Requests that wait while a person signs in or decides on consent.

They belong to one browser: the flow's id alone, in another browser, opens nothing. Kept where they may be lost
(IDENTITY §3.18: abandoned logins must not pile up in a database); who comes too late starts again at the portal.
"""

import re
from typing import Final

from idp.authorize.request import AuthorizeRequest
from idp.sessions import BrowserSession
from kernel import keyvalue
from kernel.ids import new_secret

SECONDS: Final = 30 * 60
_FLOW: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def keep(session: BrowserSession, request: AuthorizeRequest) -> str:
    """Keep the request for this browser; the id of its flow."""
    flow = new_secret(16)
    keyvalue.store().set(_key(session, flow), request.to_json(), SECONDS)
    return flow


def get(session: BrowserSession, flow: str | None) -> AuthorizeRequest | None:
    """The request of this browser; None for one that is not its own, was dropped, or is older than half an hour."""
    if flow is None or not _FLOW.match(flow):
        return None
    text = keyvalue.store().get(_key(session, flow))
    return AuthorizeRequest.from_json(text) if text is not None else None


def drop(session: BrowserSession, flow: str) -> None:
    """The request was answered."""
    keyvalue.store().delete(_key(session, flow))
    keyvalue.store().delete(_denied(session, flow))


def deny(session: BrowserSession, flow: str) -> None:
    """The person said no; ``/authorize/resume`` tells the client."""
    keyvalue.store().set(_denied(session, flow), "1", SECONDS)


def denied(session: BrowserSession, flow: str) -> bool:
    return keyvalue.store().get(_denied(session, flow)) is not None


def _key(session: BrowserSession, flow: str) -> str:
    return f"authorize:{session.browser}:{flow}"


def _denied(session: BrowserSession, flow: str) -> str:
    return f"authorize-denied:{session.browser}:{flow}"
