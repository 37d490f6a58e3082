"""The rules of an ID token (OpenID Connect Core §3.1.3.7), with algorithms pinned by the source's settings.

Never ``none`` and never HMAC: joserfc is given a list that cannot hold them and a key that is always
asymmetric.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from connectors.errors import BadAnswer
from connectors.openid.provider import Key
from kernel import clock
from kernel.crypto import same

SKEW: Final = 60  # seconds two clocks may differ
OLDEST: Final = 600  # seconds since `iat`: an ID token is made for the login that fetches it
TYPES: Final = (None, "JWT")  # RFC 8725 §3.11: an access token or a logout token is no ID token


class Registry(JWSRegistry):
    """Room for certificates in headers (``x5c``), which are ignored, and for private header members."""

    max_header_length = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What this login asked for."""

    city: str
    issuer: str
    client_id: str
    nonce: str
    algorithms: Sequence[str]
    access_token: str


def verify(token: str, expected: Expected, key_for: Callable[[Mapping[str, Any]], Key]) -> dict[str, Any]:
    """The claims of a token that keeps every rule. Raises ``BadAnswer`` naming the first broken one."""
    registry = Registry(algorithms=list(expected.algorithms), strict_check_header=False)
    try:
        decoded = jwt.decode(token, lambda signed: key_for(signed.headers()), registry=registry)
    except (JoseError, ValueError) as error:
        raise BadAnswer(expected.city, f"ID token: {type(error).__name__}") from None
    broken = _broken_rule(decoded.header, decoded.claims, expected)
    if broken is not None:
        raise BadAnswer(expected.city, f"ID token: {broken}")
    return decoded.claims


def _broken_rule(header: Mapping[str, Any], claims: Mapping[str, Any], expected: Expected) -> str | None:
    now = clock.now().timestamp()
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    exp, iat, signed_in, subject = (claims.get(name) for name in ("exp", "iat", "auth_time", "sub"))
    rules = {
        "typ": header.get("typ") in TYPES,
        "iss": claims.get("iss") == expected.issuer,
        "aud": expected.client_id in audiences,
        "azp": claims.get("azp") == expected.client_id if "azp" in claims else len(audiences) == 1,
        "exp": _number(exp) and exp > now - SKEW,
        "iat": _number(iat) and now - OLDEST - SKEW < iat < now + SKEW,
        "auth_time": "auth_time" not in claims or (_number(signed_in) and 0 < signed_in < now + SKEW),
        "nonce": isinstance(claims.get("nonce"), str) and same(claims["nonce"], expected.nonce),
        "sub": isinstance(subject, str) and 0 < len(subject) <= 255,
        "at_hash": "at_hash" not in claims or claims["at_hash"] == half_hash(header["alg"], expected.access_token),
    }
    return next((name for name, holds in rules.items() if not holds), None)


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def half_hash(alg: str, text: str) -> str:
    """The left half of the hash that goes with ``alg``, base64url (Core §3.1.3.6; SHA-512 for Ed25519)."""
    name = f"sha{alg[-3:]}" if alg[-3:] in {"256", "384", "512"} else "sha512"
    full = hashlib.new(name, text.encode()).digest()
    return base64.urlsafe_b64encode(full[: len(full) // 2]).rstrip(b"=").decode()
