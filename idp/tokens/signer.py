"""Signing with one key: what is the same in every token of it is made once.

A general JWT encoder checks header and key at each call and costs more than the ES256 signature itself (PERFORMANCE
§1); here both are checked when the key is loaded, and joserfc's algorithm only signs.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

ID: Final = "JWT"
ACCESS: Final = "at+jwt"  # RFC 9068 §2.1; what keeps an ID token from being taken for an access token


ES256: Final = "ES256"
_HALF: Final = 32  # of an ES256 signature, r and s in so many bytes each (RFC 7518 §3.4)
_ECDSA: Final = ECDSA(SHA256())
_STANDARD: Final = bytes.maketrans(
    b"-_+/=", b"+/***"
)  # to the common alphabet, and what is of that one only to neither
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps makes one each time


class Signer:
    """A private key and its algorithm."""

    __slots__ = ("_heads", "_name", "_sign", "key")

    def __init__(self, alg: str, key: Key) -> None:
        self.key = key
        JWSRegistry.algorithms[alg].check_key(key)
        self._sign = _signing(alg, key)
        self._name = alg
        self._heads: dict[str, bytes] = {}

    def token(self, claims: Mapping[str, Any], *, typ: str) -> str:
        """The compact serialisation (RFC 7515 §7.1) of ``claims``."""
        signed = (self._heads.get(typ) or self._head(typ)) + _segment(claims)
        return (signed + b"." + _encoded(self._sign(signed))).decode()

    def _head(self, typ: str) -> bytes:
        return self._heads.setdefault(typ, head(typ, self._name, str(self.key.kid)) + b".")


class Checker:
    """The other side of a Signer with ES256: a header that is byte for byte one we write has nothing to be judged.

    ``head`` is that header, as the first part of a token.
    """

    __slots__ = ("_key", "head")

    def __init__(self, kid: str, key: Key, *, typ: str) -> None:
        self._key = cast("EllipticCurvePublicKey", key.public_key)
        self.head = head(typ, ES256, kid)

    def claims(self, signed: bytes, signature: bytes) -> dict[str, Any] | None:
        """What header and claims in ``signed`` say; None where this key did not sign it (RFC 7515 §5.2)."""
        try:
            raw = _decoded(signature)
            if len(raw) != 2 * _HALF:
                return None
            both = encode_dss_signature(int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:]))
            self._key.verify(both, signed, _ECDSA)
            found: dict[str, Any] = json.loads(_decoded(signed.partition(b".")[2]))
        except (InvalidSignature, ValueError):
            return None
        return found


def head(typ: str, alg: str, kid: str) -> bytes:
    return _segment({"typ": typ, "alg": alg, "kid": kid})


def _signing(alg: str, key: Key) -> Callable[[bytes], bytes]:
    """How this key signs: by joserfc's algorithm, and with ES256, which every access token waits for, at once."""
    if alg != ES256:
        general = JWSRegistry.algorithms[alg]
        return lambda signed: general.sign(signed, key)
    private = cast("EllipticCurvePrivateKey", key.private_key)

    def sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(signed, _ECDSA))
        return r.to_bytes(_HALF) + s.to_bytes(_HALF)

    return sign


def _segment(content: Mapping[str, Any]) -> bytes:
    return _encoded(_encode(content).encode())


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decoded(segment: bytes) -> bytes:
    """:raises ValueError: for anything but base64url (RFC 7515 §2)."""
    return binascii.a2b_base64(segment.translate(_STANDARD) + b"=" * (-len(segment) % 4), strict_mode=True)
