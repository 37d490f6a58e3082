"""Signing with one key: what is the same in every token of it is made once.

A general JWT encoder checks header and key at each call and costs more than the ES256 signature itself (PERFORMANCE
§1); here both are checked when the key is loaded, and joserfc's algorithm only signs.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

ID: Final = "JWT"
ACCESS: Final = "at+jwt"  # RFC 9068 §2.1; what keeps an ID token from being taken for an access token


class Signer:
    """A private key and its algorithm."""

    __slots__ = ("_alg", "_heads", "_name", "key")

    def __init__(self, alg: str, key: Key) -> None:
        self.key = key
        self._alg = JWSRegistry.algorithms[alg]
        self._alg.check_key(key)
        self._name = alg
        self._heads: dict[str, bytes] = {}

    def token(self, claims: Mapping[str, Any], *, typ: str) -> str:
        """The compact serialisation (RFC 7515 §7.1) of ``claims``."""
        signed = (self._heads.get(typ) or self._head(typ)) + _segment(claims)
        return (signed + b"." + _encoded(self._alg.sign(signed, self.key))).decode()

    def _head(self, typ: str) -> bytes:
        made = _segment({"typ": typ, "alg": self._name, "kid": self.key.kid}) + b"."
        return self._heads.setdefault(typ, made)


def _segment(content: Mapping[str, Any]) -> bytes:
    return _encoded(json.dumps(content, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
