"""Requests that wait while a person signs in or decides on consent.

They belong to one browser: the flow's id alone, in another browser, opens nothing. Kept where they may be lost
(IDENTITY §3.18: abandoned logins must not pile up in a database); who comes too late starts again at the portal.
"""

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Final

from idp.authorize.request import AuthorizeRequest
from idp.sessions import BrowserSession
from kernel import keyvalue
from kernel.ids import new_secret

SECONDS: Final = 30 * 60
_FLOW: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the person has been asked in a flow, by the names of the steps: ``open`` last, and what of it was
    ``declined`` or ``settled`` by an answer that leaves no other trace.
    """

    asked: frozenset[str] = frozenset()
    declined: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    open: str = ""


NOTHING: Final = Progress()


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
    keyvalue.store().delete(_steps(session, flow))


def progress(session: BrowserSession, flow: str | None) -> Progress:
    text = keyvalue.store().get(_steps(session, flow)) if flow is not None else None
    if text is None:
        return NOTHING
    kept = json.loads(text)
    return Progress(
        asked=frozenset(kept["asked"]),
        declined=frozenset(kept["declined"]),
        settled=frozenset(kept["settled"]),
        open=kept["open"],
    )


def ask(session: BrowserSession, flow: str, step: str) -> None:
    """The person is sent to this step's page."""
    found = progress(session, flow)
    if found.open != step:
        _note(session, flow, replace(found, asked=found.asked | {step}, open=step))


def deny(session: BrowserSession, flow: str) -> None:
    """The person said no at the page that is open; ``/authorize/resume`` tells the client."""
    found = progress(session, flow)
    _note(session, flow, replace(found, declined=found.declined | {found.open}))


def settle(session: BrowserSession, flow: str, step: str) -> None:
    """The person has answered this step."""
    found = progress(session, flow)
    _note(session, flow, replace(found, settled=found.settled | {step}))


def _note(session: BrowserSession, flow: str, found: Progress) -> None:
    kept = {name: value if name == "open" else sorted(value) for name, value in asdict(found).items()}
    keyvalue.store().set(_steps(session, flow), json.dumps(kept), SECONDS)


def _key(session: BrowserSession, flow: str) -> str:
    return f"authorize:{session.browser}:{flow}"


def _steps(session: BrowserSession, flow: str) -> str:
    return f"authorize-steps:{session.browser}:{flow}"
