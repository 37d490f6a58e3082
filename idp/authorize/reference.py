"""Request objects that stand at an address of the client (RFC 9101 §5.2.2, OpenID Connect Core §6.2).

Only at those it registered (``request_uris``), so that nobody makes us call where they like, and only so often. What is
there is fetched anew for each request and must be signed: it counts as the same object sent by value.
"""

import threading
from typing import Final

from authlib.oauth2 import OAuth2Error
from authlib.oidc.core.errors import RequestURINotSupportedError

from idp.clients import signed
from idp.clients.registered import RegisteredClient
from kernel import http, limits, log
from kernel.errors import AppError

FETCH_SECONDS: Final = 3
MOST_A_MINUTE: Final = 120
# Anybody's browser makes us call: addresses that hang cost some threads of this process, never all.
_lines = threading.BoundedSemaphore(3)

_logger = log.get("idp.authorize")


class InvalidRequestUriError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9101 §7."""

    error = "invalid_request_uri"


def fetched(client: RegisteredClient, uri: str) -> str:
    """The request object at ``uri``. Calls out, so not inside a transaction.

    :raises OAuth2Error: for an address that is not the client's, or that does not answer.
    """
    registered = {_address(each) for each in client.meta.request_uris}
    if not registered or client.meta.fapi2 or client.meta.require_pushed_authorization_requests:
        raise RequestURINotSupportedError("request_uri must be one that /par answered, or a registered one")
    if _address(uri) not in registered:
        raise InvalidRequestUriError("request_uri must be one of the registered request_uris")
    if not limits.allow(f"request-uri:{client.client_id}", limit=MOST_A_MINUTE, window_seconds=60):
        raise InvalidRequestUriError("request_uri was asked for too often; push the request to /par instead")
    if not _lines.acquire(blocking=False):
        raise InvalidRequestUriError("too many request_uris are being fetched; push the request to /par instead")
    try:
        answer = http.request(
            "GET",
            _address(uri),
            timeout=FETCH_SECONDS,
            max_bytes=signed.MOST_CHARACTERS,
            internal=client.meta.internal_network,
        )
    except AppError as error:
        _logger.warning("a request object could not be fetched", error=error.code, detail=error.detail)
        raise InvalidRequestUriError("what is at request_uri could not be fetched") from None
    finally:
        _lines.release()
    if answer.status != 200:
        raise InvalidRequestUriError(f"request_uri answered with the status {answer.status}")
    return answer.text.strip()


def _address(uri: str) -> str:
    """Without the fragment, which only names the content (OpenID Connect Registration §2, ``request_uris``)."""
    return uri.partition("#")[0]
