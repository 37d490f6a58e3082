"""A certificate of one of the client's registered keys, whoever signed it (RFC 8705 §2.2)."""

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import KeySet, OctKey

from idp.clients import certificate, keys
from idp.clients.method import Credentials, Method
from idp.clients.registered import RegisteredClient


def claims(credentials: Credentials) -> str | None:
    return credentials.form.get("client_id")


def proven(client: RegisteredClient | None, credentials: Credentials) -> bool:
    shown = certificate.shown(credentials.headers)
    if client is None or shown is None:
        return False
    first = keys.of(client)
    if _holds(first, shown.key):
        return True
    second = keys.again(client)
    return second is not first and _holds(second, shown.key)


def _holds(registered: KeySet, key: bytes) -> bool:
    return any(
        each.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == key
        for each in registered
        if not isinstance(each, OctKey)
    )


plugin = Method(
    name="self_signed_tls_client_auth", claims=claims, proven=proven, implicit=True, offered=certificate.offered
)
