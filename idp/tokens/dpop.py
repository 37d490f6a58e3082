"""Proofs of possession (RFC 9449): a JWT for one request, by the key that the tokens are bound to.

A proof is good once, on every node, for about a minute. Nonces are computed from the installation's secret and the
time, so that any node knows those of another. A proof without one is judged by its ``iat`` alone, unless an operator
demands them: many portals' libraries know no nonces, and what they add is that proofs cannot be made in advance.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from authlib.oauth2 import OAuth2Error
from joserfc.jwk import Key, KeySet

from idp.clients import certificate, keys, signed
from idp.clients.registered import RegisteredClient
from idp.settings import DpopSettings
from idp.tokens import mint
from kernel import clock, crypto, keyvalue, settings

TYPE: Final = "dpop+jwt"
ALGORITHMS: Final = signed.ALGORITHMS
MOST_CHARACTERS: Final = 4096
MOST_JTI: Final = 512
NONCE_SECONDS: Final = 150  # good for as long again

_ELSEWHERE: Final = ("jku", "x5u", "x5c", "crit", "b64")


class InvalidProof(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9449 §5; the answer always brings a nonce to go on with."""

    error = "invalid_dpop_proof"

    def get_headers(self) -> list[tuple[str, str]]:
        return [*super().get_headers(), nonce_header()]


class UseNonce(InvalidProof):
    """RFC 9449 §8, §9."""

    error = "use_dpop_nonce"
    description = "make the DPoP proof again, with the value of the DPoP-Nonce header field as its nonce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof whose signature, request and time fit. ``jkt`` is the thumbprint of its key (RFC 7638)."""

    jkt: str
    alg: str
    jti: str
    path: str
    until: float

    def serve(self, client: RegisteredClient) -> None:
        """Spend it for this client. :raises InvalidProof: also for an algorithm that its profile leaves out."""
        allowed = signed.algorithms(client, None)
        if signed.usual(self.alg) not in allowed:  # FAPI 2.0 §5.4.1
            raise InvalidProof(f"the DPoP proof: for this client alg must be one of {', '.join(allowed)}")
        self.spend()

    def spend(self) -> None:
        """Once what it is for is known to be wanted. :raises InvalidProof: where it was used before, anywhere."""
        left = int(self.until - clock.now().timestamp())
        seen = f"dpop:{crypto.digest(f'{self.jkt} {self.path} {self.jti}')}"
        if not keyvalue.store().add(seen, "1", max(left, 0) + 2):
            raise InvalidProof(
                "the DPoP proof was used before; make a new one, with a jti of its own, for each request"
            )


def read(headers: Mapping[str, str], *, method: str, path: str, token: str | None = None) -> Proof | None:
    """The proof that came with a request to ``path`` of ours, None without one. Nothing is written or fetched.

    ``token`` is the access token it came with, at an interface.

    :raises InvalidProof: with what to change.
    """
    text = headers.get("DPoP")
    if text is None:
        return None
    try:
        return _read(text, method, path, token)
    except signed.Refused as why:
        raise InvalidProof(f"the DPoP proof: {why}") from None


def nonce() -> str:
    """The nonce of this moment."""
    return _nonce(_slot())


def nonce_header() -> tuple[str, str]:
    return "DPoP-Nonce", nonce()


def _read(text: str, method: str, path: str, token: str | None) -> Proof:
    if len(text) > MOST_CHARACTERS:
        raise signed.Refused(f"must have at most {MOST_CHARACTERS} characters")
    signed.peek(text)
    header = signed.header(text)
    key, alg = _key(header), header["alg"]
    claims = signed.content(text, key, alg)
    _judge_request(claims, method, path, token)
    _judge_nonce(claims.get("nonce"))
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MOST_JTI:
        raise signed.Refused(f"jti must be a string of 1 to {MOST_JTI} characters")
    if claims.get("iat") is None:
        raise signed.Refused("iat is missing")
    signed.judge_times(claims)
    until = claims["iat"] + settings.of(DpopSettings).dpop_proof_seconds
    if until < clock.now().timestamp():
        raise signed.Refused("iat is too long ago: make a new one for each request, and look at the clock")
    return Proof(jkt=key.thumbprint(), alg=alg, jti=jti, path=path, until=until)


def _key(header: Mapping[str, Any]) -> Key:
    if named := [name for name in _ELSEWHERE if name in header]:
        raise signed.Refused(f"must not have {named[0]} in its header")
    if header.get("typ") is None:
        raise signed.Refused(f"typ must be {TYPE}")
    signed.judge_form(header, ALGORITHMS, (TYPE,))
    key = keys.public(header.get("jwk"))
    if key is None or not keys.signing(KeySet([key]), alg=header["alg"], kid=None):
        raise signed.Refused("its header must have jwk, the public key of its signature and of nothing secret")
    return key


def _judge_request(claims: Mapping[str, Any], method: str, path: str, token: str | None) -> None:
    if claims.get("htm") != method:
        raise signed.Refused(f"htm must be {method}" if method.isalpha() else "htm must be the method")
    if not _addressed(claims.get("htu"), path):
        raise signed.Refused("htu must be the address of this request without its query")
    if token is not None:
        digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        if not isinstance(said := claims.get("ath"), str) or not crypto.same(said, digest):
            raise signed.Refused("ath must be the hash of the access token")


def _addressed(htu: object, path: str) -> bool:
    """Compared as RFC 9449 §4.3 asks: without query and fragment, after normalisation."""
    if not isinstance(htu, str) or len(htu) > MOST_CHARACTERS:
        return False
    try:
        parts = urlsplit(htu)
        said = (parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _port(parts.scheme))
    except ValueError:
        return False
    # PATH_INFO comes decoded, in the characters of WSGI (PEP 3333).
    return unquote_to_bytes(parts.path or "/") == path.encode("latin-1", "replace") and any(
        said == _origin(base) for base in {mint.issuer(), certificate.base_url()}
    )


def _origin(base: str) -> tuple[str, str, int]:
    parts = urlsplit(base)
    return parts.scheme, parts.hostname or "", parts.port or _port(parts.scheme)


def _port(scheme: str) -> int:
    return 443 if scheme.lower() == "https" else 80


def _judge_nonce(said: object) -> None:
    if said is None:
        if settings.of(DpopSettings).dpop_nonces == "required":
            raise UseNonce
        return
    slot = _slot()
    if not isinstance(said, str) or not any(crypto.same(said, _nonce(each)) for each in (slot, slot - 1)):
        raise UseNonce


def _slot() -> int:
    return int(clock.now().timestamp()) // NONCE_SECONDS


def _nonce(slot: int) -> str:
    return base64.urlsafe_b64encode(crypto.mac("dpop-nonce", str(slot).encode())[:18]).decode()
