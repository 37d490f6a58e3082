"""PKCE (RFC 7636): S256 for every client, demanded already at ``/authorize`` (RFC 9700 §2.1.1).

Except of a confidential one that an operator registered without (``require_pkce``): its authentication protects the
code then, and ``nonce`` where it sends one. A challenge that is sent counts whoever sends it.
"""

import re
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from idp.clients.registered import RegisteredClient

S256_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # base64url of 32 bytes (RFC 7636 §4.2)

VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}\Z")  # RFC 7636 §4.1


def require(client: RegisteredClient, challenge: str | None, method: str | None) -> None:
    """:raises InvalidRequestError: unless both parameters are there and fit S256, or neither is and need not be;
    ``plain`` is not offered.
    """
    if challenge is None and (method is not None or demanded(client)):
        raise InvalidRequestError("code_challenge is required")
    if challenge is None:
        return
    if method != "S256":  # absent means plain (RFC 7636 §4.3)
        raise InvalidRequestError("code_challenge_method must be S256")
    if not S256_CHALLENGE.match(challenge):
        raise InvalidRequestError("code_challenge is not an S256 value")


def demanded(client: RegisteredClient) -> bool:
    """Whether this client may not go without."""
    return client.meta.require_pkce or client.meta.fapi2 or not client.meta.confidential


class S256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: Final = ["S256"]
    CODE_CHALLENGE_METHODS: Final = {"S256": compare_s256_code_challenge}

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ARG002  # Authlib's hook
        sent = grant.request.payload.data
        require(grant.request.client, sent.get("code_challenge"), sent.get("code_challenge_method"))

    def validate_code_verifier(self, grant: Any, result: object) -> None:
        """A verifier without a challenge is a code that somebody put in place of another (RFC 9700 §4.8.2)."""
        challenge, verifier = grant.request.authorization_code.code_challenge, grant.request.form.get("code_verifier")
        if challenge is None and verifier is not None:
            raise InvalidGrantError("the code was asked for without code_challenge")
        if challenge is None and demanded(grant.request.client):
            raise InvalidGrantError("the code was asked for without code_challenge, which this client needs")
        if challenge is not None and verifier is None:
            raise InvalidRequestError("code_verifier is missing: the code was asked for with code_challenge")
        if challenge is not None and VERIFIER.match(verifier) and not compare_s256_code_challenge(verifier, challenge):
            raise InvalidGrantError("code_verifier does not fit: code_challenge was not its SHA-256 in base64url")
        super().validate_code_verifier(grant, result)
