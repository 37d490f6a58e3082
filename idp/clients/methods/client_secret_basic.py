"""The secret in an Authorization header, id and secret encoded as a form (RFC 6749 §2.3.1)."""

import base64
import binascii
from urllib.parse import unquote_plus

from idp.clients import secrets
from idp.clients.method import Credentials, Method
from idp.clients.refused import ClientRefused
from idp.clients.registered import RegisteredClient


def claims(credentials: Credentials) -> str | None:
    header = credentials.headers.get("Authorization")
    return None if header is None else _read(header)[0]


def proven(client: RegisteredClient | None, credentials: Credentials) -> bool:
    return secrets.fit(client, _read(credentials.headers["Authorization"])[1])


def _read(header: str) -> tuple[str, str]:
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


plugin = Method(name="client_secret_basic", claims=claims, proven=proven)
