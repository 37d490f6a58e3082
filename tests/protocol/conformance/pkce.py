"""PKCE as a portal does it (RFC 7636)."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Pkce:
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> dict[str, str]:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
