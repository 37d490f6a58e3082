"""The suite's portal: strict about everything that it is given."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from tests.protocol.conformance.browser import Arrived, Browser, Outcome, Page
from tests.protocol.conformance.suite import Suite

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
PROTOCOL_CLAIMS = frozenset(
    {"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "sid"}
)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A token answer that passed every check. ``id_token`` is as it came, ``claims`` and ``header`` are inside."""

    answer: dict[str, Any]
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def access_token(self) -> str:
        return str(self.answer["access_token"])

    @property
    def refresh_token(self) -> str:
        return str(self.answer["refresh_token"])

    @property
    def id_token(self) -> str:
        return str(self.answer["id_token"])


def signing_key(alg: str) -> Key:
    key: Key = ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(2048)
    parameters = {"kid": secrets.token_hex(4), "alg": alg, "use": "sig"}
    kind = ECKey if alg == "ES256" else RSAKey
    return kind.import_key({**key.as_dict(private=True), **parameters})


def public(*keys: Key) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


class RelyingParty:
    """A client as registered; ``registered`` is the answer of the registration, ``key`` signs what it signs."""

    def __init__(
        self, suite: Suite, registered: dict[str, Any], *, key: Key | None = None, response_mode: str | None = None
    ) -> None:
        self.suite, self.registered, self.key = suite, registered, key
        self.response_mode = response_mode
        self.client_id: str = registered["client_id"]
        self.method: str = registered.get("token_endpoint_auth_method", "client_secret_basic")
        self.redirect_uri: str = (registered.get("redirect_uris") or [""])[0]

    # --- the front channel

    def request(self, **changes: Any) -> dict[str, str]:
        """The parameters of an authorization request; None leaves one out."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
            "response_mode": self.response_mode,
        } | changes
        return {name: str(value) for name, value in parameters.items() if value is not None}

    def url(self, parameters: dict[str, str]) -> str:
        return f"{self.suite.metadata['authorization_endpoint']}?{urlencode(parameters)}"

    def send(self, browser: Browser, asked: dict[str, str], **options: Any) -> Outcome:
        return browser.open(self.url(asked), **options)

    def code(self, asked: dict[str, str], outcome: Outcome) -> str:
        """The code of a good answer (RFC 6749 §4.1.2, RFC 9207 §2)."""
        assert isinstance(outcome, Arrived), outcome
        assert "error" not in outcome.params, outcome.params
        self._answered(asked, outcome)
        assert set(outcome.params) <= {"code", "state", "iss", "session_state"}, outcome.params
        assert len(outcome.params["code"]) >= 22, "160 bits are asked for (RFC 6749 §10.10)"
        return outcome.params["code"]

    def error(self, asked: dict[str, str], outcome: Outcome, *codes: str) -> str:
        """The error of a refusal that came to the portal."""
        assert isinstance(outcome, Arrived), outcome
        assert "code" not in outcome.params
        self._answered(asked, outcome)
        assert set(outcome.params) <= {"error", "error_description", "error_uri", "state", "iss"}, outcome.params
        _is_plain(outcome.params)
        assert outcome.params["error"] in codes, outcome.params
        return outcome.params["error"]

    def _answered(self, asked: dict[str, str], outcome: Arrived) -> None:
        target = asked.get("redirect_uri", self.redirect_uri)
        form_post = asked.get("response_mode") == "form_post"
        assert outcome.mode == ("form_post" if form_post else "query")
        if form_post:
            assert outcome.uri == target
        else:
            assert outcome.uri.startswith(f"{target}{'&' if '?' in target else '?'}")
        assert outcome.params.get("state") == asked.get("state")
        assert outcome.params["iss"] == self.suite.issuer

    # --- the back channel

    def authenticated(self, form: dict[str, str]) -> dict[str, Any]:
        """What ``requests`` needs so that this form comes from this client."""
        headers: dict[str, str] = {}
        form = dict(form)
        if self.method == "client_secret_basic":
            pair = f"{quote(self.client_id, safe='')}:{quote(self.registered['client_secret'], safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self.method == "client_secret_post":
            form |= {"client_id": self.client_id, "client_secret": self.registered["client_secret"]}
        elif self.method == "private_key_jwt":
            form = {"client_assertion_type": ASSERTION, "client_assertion": self.assertion()} | form
        else:
            form |= {"client_id": self.client_id}
        return {"data": form, "headers": headers}

    def assertion(self, *, alg: str | None = None, key: Key | None = None, **changes: Any) -> str:
        """A client assertion (RFC 7523 §3) for the issuer; None leaves a claim out."""
        now = self.suite.now()
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.suite.issuer,
            "jti": secrets.token_urlsafe(12),
            "iat": now,
            "exp": now + 60,
        } | changes
        return self.signed({name: value for name, value in claims.items() if value is not None}, alg=alg, key=key)

    def signed(self, claims: dict[str, Any], *, alg: str | None = None, key: Key | None = None, **header: Any) -> str:
        key = key or self.key
        assert key is not None
        used = alg or str(key.as_dict(private=False)["alg"])
        return jwt.encode({"alg": used, "kid": key.kid, **header}, claims, key, algorithms=[used])

    def post(self, endpoint: str, form: dict[str, str], **headers: str) -> requests.Response:
        """A form of this client to the endpoint that discovery names so."""
        sent = self.authenticated(form)
        sent["headers"] |= headers
        return self.suite.http.post(self.suite.metadata[endpoint], timeout=20, **sent)

    def redeem(self, code: str, **changes: Any) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri} | changes
        return self.post("token_endpoint", {name: value for name, value in form.items() if value is not None})

    def tokens(self, asked: dict[str, str], outcome: Outcome, **changes: Any) -> Tokens:
        """The tokens for an answer, all of them looked at."""
        return self.read(self.redeem(self.code(asked, outcome), **changes), nonce=asked.get("nonce"))

    def refresh(self, refresh_token: str) -> requests.Response:
        return self.post("token_endpoint", {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def read(self, answer: requests.Response, *, nonce: str | None = None, token_type: str = "Bearer") -> Tokens:
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("application/json")
        assert "no-store" in answer.headers["Cache-Control"]
        given = answer.json()
        assert given["token_type"].lower() == token_type.lower()
        assert isinstance(given["expires_in"], int)
        assert given["expires_in"] > 0
        assert len(given["access_token"]) >= 22
        if "id_token" not in given:
            return Tokens(answer=given)
        header, claims = self.validated(given["id_token"], access_token=given["access_token"], nonce=nonce)
        return Tokens(answer=given, header=header, claims=claims)

    def validated(
        self, id_token: str, *, access_token: str | None = None, nonce: str | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """An ID token by OpenID Connect Core §2 and §3.1.3.7; its header and its claims."""
        expected = self.registered["id_token_signed_response_alg"]
        token = jwt.decode(id_token, self.suite.keys(), algorithms=list(ALGORITHMS))
        header, claims, now = dict(token.header), dict(token.claims), self.suite.now()
        assert header["alg"] == expected
        assert header["kid"]
        assert claims["iss"] == self.suite.issuer
        assert claims["aud"] in (self.client_id, [self.client_id])
        assert claims.get("azp", self.client_id) == self.client_id
        assert claims["exp"] > now
        assert now - 60 <= claims["iat"] <= now + 2
        assert claims.get("nonce") == nonce
        assert 0 < len(claims["sub"]) <= 255
        assert claims["sub"].isascii()
        assert claims["auth_time"] <= now + 2
        assert isinstance(claims["acr"], str)
        assert isinstance(claims["amr"], list)
        if access_token is not None:
            assert claims["at_hash"] == half_hash(access_token, header["alg"])
        return header, claims

    def userinfo(self, access_token: str, *, method: str = "GET", in_body: bool = False) -> requests.Response:
        headers = {} if in_body else {"Authorization": f"Bearer {access_token}"}
        form = {"access_token": access_token} if in_body else None
        endpoint = self.suite.metadata["userinfo_endpoint"]
        return self.suite.http.request(method, endpoint, headers=headers, data=form, timeout=20)

    def person(self, tokens: Tokens, **options: Any) -> dict[str, Any]:
        """The claims at userinfo; they are of the person of the ID token (OpenID Connect Core §5.3.2)."""
        answer = self.userinfo(tokens.access_token, **options)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("application/json")
        claims = dict(answer.json())
        assert claims["sub"] == tokens.claims["sub"]
        return claims


def half_hash(text: str, alg: str) -> str:
    """``at_hash`` and its kin (OpenID Connect Core §3.1.3.6)."""
    digest = (hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def refused(answer: requests.Response, *codes: str, statuses: tuple[int, ...] = (400,)) -> None:
    """An error of a machine endpoint (RFC 6749 §5.2)."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert "no-store" in answer.headers.get("Cache-Control", "")
    told = answer.json()
    _is_plain(told)
    assert told["error"] in codes, told


def _is_plain(told: dict[str, Any]) -> None:
    """RFC 6749 §4.1.2.1, §5.2: printable ASCII without quotation mark and backslash."""
    for name in ("error", "error_description"):
        text = told.get(name, "")
        assert all(0x20 <= ord(sign) <= 0x7E and sign not in '"\\' for sign in text), text
    if "error_uri" in told:
        assert urlsplit(told["error_uri"]).scheme == "https"


def shown_error(outcome: Outcome) -> Page:
    """A page with a reference for the person, instead of a redirect."""
    assert isinstance(outcome, Page), outcome
    assert 400 <= outcome.status < 500, outcome.status
    assert "<h1" in outcome.text
    return outcome


__all__ = ["ASSERTION", "KeySet", "RelyingParty", "Tokens", "public", "refused", "shown_error", "signing_key"]
