"""Encrypting for a client, for those that registered it: signed first, then sealed (RFC 7519 §11.2)."""

from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError
from joserfc import jwe

from idp.clients import keys
from idp.clients.registered import RegisteredClient

WRAPS: Final = ("RSA-OAEP-256", "ECDH-ES")
SEALS: Final = ("A256GCM",)


def prepare(client: RegisteredClient) -> None:
    """Fetch the client's keys if something will be sealed for it; before a transaction, because it may be a call."""
    if client.meta.id_token_encrypted_response_alg or client.meta.userinfo_encrypted_response_alg:
        keys.of(client)


def to(client: RegisteredClient, token: str, *, alg: str, enc: str | None) -> str:
    """``token``, a JWT, as a nested JWE that only the client can open.

    :raises InvalidRequestError: where the client has no key for ``alg``; nothing is sent in the clear instead.
    """
    key = keys.encryption_key(client, alg)
    if key is None:
        raise InvalidRequestError(f"the client's jwks has no key that {alg} could use: add one with use enc")
    header = {"alg": alg, "enc": enc or SEALS[0], "cty": "JWT", "typ": "JWT"}
    if key.kid:
        header["kid"] = key.kid
    return jwe.encrypt_compact(header, token.encode(), key, algorithms=[alg, enc or SEALS[0]])
