"""The signature algorithms there are: how a key of each is made and read, and how ``at_hash`` hashes with it."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """``half_hash`` names the hash of OpenID Connect Core §3.1.3.6; for Ed25519 the one inside (RFC 8032 §5.1)."""

    make: Callable[[], Key]
    kind: type[RSAKey | ECKey | OKPKey]
    half_hash: str = "sha256"

    def read(self, jwk: dict[str, Any]) -> Key:
        return cast("Key", self.kind.import_key(jwk))


# ES256 first: it is the default (ADR 0005). RS256 and PS256 have keys of their own: one key, one algorithm
# (RFC 8725 §3.1).
ALGORITHMS: Final[dict[str, Algorithm]] = {
    "ES256": Algorithm(make=lambda: ECKey.generate_key("P-256"), kind=ECKey),
    "RS256": Algorithm(make=lambda: RSAKey.generate_key(RSA_BITS), kind=RSAKey),
    "PS256": Algorithm(make=lambda: RSAKey.generate_key(RSA_BITS), kind=RSAKey),
    "EdDSA": Algorithm(make=lambda: OKPKey.generate_key("Ed25519"), kind=OKPKey, half_hash="sha512"),
}


def half_hash(text: str, alg: str) -> str:
    """The left half of the hash of ``text``, as ``at_hash`` has it."""
    digest = hashlib.new(ALGORITHMS[alg].half_hash, text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
