"""Portals that prove themselves by a key, and the far end of their jwks_uri."""

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from idp.clients import keys
from kernel import clock, http
from tests.protocol.parties import ISSUER, Op, Portal

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_RSA: list[RSAKey] = []


def new_key(alg: str) -> Key:
    if alg in {"RS256", "PS256"}:
        if not _RSA:
            _RSA.append(RSAKey.generate_key(2048))
        return _RSA[0]
    return OKPKey.generate_key("Ed25519") if alg == "EdDSA" else ECKey.generate_key("P-256")


def sign(key: Key, header: dict[str, Any], claims: Any) -> str:
    """A JWS of whatever is asked for, sensible or not."""
    head, body = (_encoded(json.dumps(part).encode()) for part in (header, claims))
    tag = jws.JWSRegistry.algorithms[header["alg"]].sign(f"{head}.{body}".encode(), key)
    return f"{head}.{body}.{_encoded(tag)}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(kw_only=True)
class KeyClient:
    """``assertion`` takes changes of claims; None leaves one out."""

    portal: Portal
    key: Key
    alg: str = "ES256"
    header: dict[str, Any] = field(default_factory=dict)

    def assertion(self, *, header: dict[str, Any] | None = None, key: Key | None = None, **changes: Any) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.portal.client_id,
            "sub": self.portal.client_id,
            "aud": ISSUER,
            "exp": now + 60,
            "iat": now,
            "jti": token_urlsafe(16),
        } | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return sign(key or self.key, {"alg": self.alg, "kid": self.key.kid} | (header or {}), kept)

    def form(self, assertion: str | None = None) -> dict[str, str]:
        return {"client_assertion_type": ASSERTION, "client_assertion": assertion or self.assertion()}


def key_client(op: Op, alg: str = "ES256", *, key: Key | None = None, **changes: Any) -> KeyClient:
    """A client with a key pair, by default one that speaks for itself."""
    key = key or new_key(alg)
    key.ensure_kid()
    raw = {
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "scope": "feeds:cases",
        "jwks": {"keys": [key.as_dict(private=False)]},
    } | changes
    portal = op.portal(**{name: value for name, value in raw.items() if value is not None})
    return KeyClient(portal=portal, key=key, alg=alg)


@dataclass(kw_only=True)
class Prover:
    """Whoever holds a key for proofs of possession (RFC 9449). Changes of claims and header: None leaves one out."""

    key: Key = field(default_factory=lambda: new_key("ES256"))
    alg: str = "ES256"

    @property
    def jkt(self) -> str:
        return self.key.thumbprint()

    def proof(
        self,
        method: str = "POST",
        path: str = "/token",
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        key: Key | None = None,
        **changes: Any,
    ) -> str:
        jwk = {name: value for name, value in self.key.as_dict(private=False).items() if name != "kid"}
        head = {"typ": "dpop+jwt", "alg": self.alg, "jwk": jwk} | (header or {})
        claims = {"htm": method, "htu": ISSUER + path, "iat": int(clock.now().timestamp()), "jti": token_urlsafe(12)}
        if token is not None:
            claims["ath"] = _encoded(hashlib.sha256(token.encode()).digest())
        claims |= changes
        kept = [{n: v for n, v in part.items() if v is not None} for part in (head, claims)]
        return sign(key or self.key, kept[0], kept[1])

    def sent(self, method: str = "POST", path: str = "/token", **options: Any) -> dict[str, str]:
        """The header field; with a token also that of the token."""
        token = options.get("token")
        bearer = {"Authorization": f"DPoP {token}"} if token is not None else {}
        return {"DPoP": self.proof(method, path, **options), **bearer}


class FarEnd:
    """Answers in place of what is asked over the network; ``asked`` counts."""

    def __init__(self) -> None:
        self.jwks: object = {"keys": []}
        self.body: bytes | None = None
        self.status = 200
        self.down = False
        self.delay = 0.0
        self.asked = 0

    def has(self, *held: Key) -> None:
        self.jwks = {"keys": [key.as_dict(private=False) for key in held]}

    def __call__(self, method: str, url: str, **options: Any) -> http.Answer:
        assert method == "GET"
        assert options == {"timeout": keys.FETCH_SECONDS, "max_bytes": keys.MOST_BYTES, "internal": False}
        self.asked += 1
        time.sleep(self.delay)
        if self.down:
            raise http.Unreachable(detail=url)
        body = json.dumps(self.jwks).encode() if self.body is None else self.body
        return http.Answer(status=self.status, headers={}, body=body)


@pytest.fixture
def far_end(monkeypatch: pytest.MonkeyPatch) -> FarEnd:
    end = FarEnd()
    monkeypatch.setattr(http, "request", end)
    return end
