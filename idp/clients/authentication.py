"""Which client a request is from: one method per client, the same at every endpoint, and only one in a request.

Own functions instead of Authlib's: these decode the Basic header as a form (RFC 6749 §2.3.1), answer an unreadable one,
refuse two methods at once (§2.3), and take the same time for an unknown client as for a wrong secret.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from idp.clients import registered
from idp.clients.registered import RegisteredClient
from kernel import crypto

METHODS: Final = ("client_secret_basic", "client_secret_post", "none")
NOBODY: Final = crypto.digest("nobody has this secret")


def authenticate(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[RegisteredClient, str]:
    """The client and the method it used.

    :raises ClientRefused: never telling what was wrong.
    :raises InvalidRequestError: for more than one method.
    """
    header = headers.get("Authorization")
    client_id, secret, method = form.get("client_id"), form.get("client_secret"), "client_secret_post"
    if header is not None:
        if secret is not None:
            raise InvalidRequestError("more than one client authentication method")
        named = client_id
        client_id, secret = _basic(header)
        method = "client_secret_basic"
        if named is not None and named != client_id:
            raise InvalidRequestError("client_id is not the authenticated one")
    elif secret is None:
        method = "none"
    client = registered.find(client_id)
    if client is None or client.auth_method != method:
        crypto.same(crypto.digest(secret or ""), NOBODY)
        raise ClientRefused
    if secret is not None and not client.check_client_secret(secret):
        raise ClientRefused
    return client, method


class ClientRefused(InvalidClientError):  # type: ignore[misc]  # Authlib has no types
    """401 with a challenge that has a realm (RFC 7617 §2), whatever method was tried."""

    status_code = 401
    description = "client authentication failed"

    def get_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", 'Basic realm="clients", charset="UTF-8"')]


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise ClientRefused
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ClientRefused from None
    client_id, colon, secret = text.partition(":")
    if not colon or not secret:
        raise ClientRefused
    return unquote_plus(client_id), unquote_plus(secret)
