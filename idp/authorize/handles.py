"""Requests that stand behind a handle: pushed by their client (RFC 9126), or posted and too long for an address.

A handle is good for a minute or so, for its client alone, and is answered once: it may be opened again until then, as
people press reload. Kept checked, not as sent: a signed request is judged when it comes.
"""

import re
from dataclasses import replace
from typing import Final

from flask_babel import lazy_gettext as _

from idp.authorize import pending
from idp.authorize.request import AuthorizeRequest, Draft, PageFault, page_fault
from idp.settings import PushedRequestSettings
from kernel import crypto, keyvalue, settings
from kernel.ids import new_secret

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"  # RFC 9126 §2.2
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")


def seconds() -> int:
    """How long a handle is good."""
    return settings.of(PushedRequestSettings).pushed_request_seconds


def keep(request: AuthorizeRequest) -> str:
    """Keep a checked request; its ``request_uri``."""
    secret = new_secret()
    keyvalue.store().set(_key(secret), request.to_json(), seconds())
    return PREFIX + secret


def opened(draft: Draft) -> AuthorizeRequest | None:
    """The request that the draft's ``request_uri`` stands for, as if it came now; None where it names no handle.

    Nothing beside it counts (RFC 9101 §5) but ``client_id``, which must be that of whose it is (RFC 9126 §4).

    :raises PageFault: for one that is over, unknown or another client's. Nobody knows where else to tell it.
    """
    uri = draft.get("request_uri") or ""
    if not uri.startswith(PREFIX):
        return None
    secret = uri.removeprefix(PREFIX)
    text = keyvalue.store().get(_key(secret)) if _SECRET.match(secret) else None
    found = AuthorizeRequest.from_json(text) if text is not None else None
    if found is None or found.client_id != draft.known_client.client_id or draft.once("request_uri") is None:
        raise over()
    if "request" in draft.parameters:
        raise page_fault("invalid_request_uri", PageFault.message, detail="request and request_uri in one request")
    return replace(found, started_at=draft.started_at, handle=crypto.digest(secret))


def spend(request: AuthorizeRequest) -> None:
    """It is answered now. :raises PageFault: where it was before."""
    if request.handle is None:
        return
    # As long as a flow that began in the handle's last second may take.
    if not keyvalue.store().add(f"pushed-answered:{request.handle}", "1", pending.SECONDS + seconds()):
        raise over()
    keyvalue.store().delete(f"pushed:{request.handle}")


def over() -> PageFault:
    """There is no such request, or there is none any more."""
    return page_fault(
        "invalid_request_uri",
        _("这次登录请求已经用过，或者等待得太久。请回到您要使用的网站，重新点登录。"),
    )


def _key(secret: str) -> str:
    return f"pushed:{crypto.digest(secret)}"
