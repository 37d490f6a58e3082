"""PKCE (RFC 7636): S256 for every client, demanded already at ``/authorize`` (RFC 9700 §2.1.1)."""

import re
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

S256_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # base64url of 32 bytes (RFC 7636 §4.2)


def require(challenge: str | None, method: str | None) -> None:
    """:raises InvalidRequestError: unless both parameters are there and fit S256; ``plain`` is not offered."""
    if challenge is None:
        raise InvalidRequestError("code_challenge is required")
    if method != "S256":  # absent means plain (RFC 7636 §4.3)
        raise InvalidRequestError("code_challenge_method must be S256")
    if not S256_CHALLENGE.match(challenge):
        raise InvalidRequestError("code_challenge is not an S256 value")


class S256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: Final = ["S256"]
    CODE_CHALLENGE_METHODS: Final = {"S256": compare_s256_code_challenge}

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ARG002  # Authlib's hook
        sent = grant.request.payload.data
        require(sent.get("code_challenge"), sent.get("code_challenge_method"))
