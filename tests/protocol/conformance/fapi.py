"""The suite's portal under FAPI 2.0: pushed requests, client assertions, DPoP."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import requests
from joserfc import jwk, jws
from joserfc.jwk import Key

from tests.protocol.conformance.browser import Arrived, Browser, Outcome, Page
from tests.protocol.conformance.pkce import Pkce
from tests.protocol.conformance.relying_party import RelyingParty, Tokens, refused, shown_error
from tests.protocol.conformance.suite import Suite

LENIENT = jws.JWSRegistry(strict_check_header=False, algorithms=["ES256", "RS256", "PS256"])


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The parameters of an authorization request and the secret behind its challenge."""

    form: dict[str, str]
    pkce: Pkce = field(default_factory=Pkce)


class FapiClient(RelyingParty):
    """A confidential client with a key for its assertions and another for its proofs of possession."""

    def __init__(self, suite: Suite, registered: dict[str, Any], *, key: Key) -> None:
        super().__init__(suite, registered, key=key)
        self.dpop_key: Key = jwk.ECKey.generate_key("P-256")
        self._nonce: str | None = None

    # --- asking

    def ask(self, **changes: Any) -> Asked:
        """A request with everything that the profile wants; None leaves a parameter out."""
        pkce = Pkce()
        return Asked(form=self.request(**{**pkce.challenge, **changes}), pkce=pkce)

    def push(
        self, asked: Asked, *, proof: bool | Key = False, assertion: str | None = None, **claims: Any
    ) -> requests.Response:
        """The request to PAR (RFC 9126); ``proof`` adds a proof of possession, by another key if one is given."""
        form = dict(asked.form) | ({"client_assertion": assertion} if assertion else {})
        key = None if isinstance(proof, bool) else proof
        endpoint = "pushed_authorization_request_endpoint"
        return self._proven(endpoint, form, key=key, **claims) if proof else self.post(endpoint, form)

    def pushed(self, asked: Asked, **options: Any) -> str:
        answer = self.push(asked, **options)
        assert answer.status_code == 201, answer.text
        assert "no-store" in answer.headers["Cache-Control"]
        told = answer.json()
        assert set(told) == {"request_uri", "expires_in"}
        assert 5 <= told["expires_in"] < 600, "FAPI 2.0 §5.3.2.2"
        assert len(told["request_uri"].rpartition(":")[2]) >= 22
        return str(told["request_uri"])

    def follow(
        self, browser: Browser, request_uri: str, *, stop_at: str | None = None, deny: bool = False, **further: str
    ) -> Outcome:
        parameters = {"client_id": self.client_id, "request_uri": request_uri, **further}
        return browser.open(self.url(parameters), stop_at=stop_at, deny=deny)

    def refused_early(self, asked: Asked, browser: Browser, *codes: str, **options: Any) -> None:
        """The request is refused when it is pushed, or else when the person comes with it."""
        answer = self.push(asked, **options)
        if answer.status_code != 201:
            refused(answer, *codes, statuses=(400, 401))
            return
        outcome = self.follow(browser, answer.json()["request_uri"])
        if isinstance(outcome, Page):
            shown_error(outcome)
        else:
            self.error(asked.form, outcome, *codes)

    # --- getting

    def granted(self, browser: Browser, **changes: Any) -> tuple[Asked, str]:
        """A request and its code."""
        asked = self.ask(**changes)
        return asked, self.code(asked.form, self.follow(browser, self.pushed(asked)))

    def exchange(
        self,
        asked: Asked,
        code: str,
        *,
        key: Key | None = None,
        proof: bool = True,
        proof_claims: dict[str, Any] | None = None,
        **changes: str | None,
    ) -> requests.Response:
        wanted = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": asked.pkce.verifier,
        } | changes
        form = {name: value for name, value in wanted.items() if value is not None}
        if not proof:
            return self.post("token_endpoint", form)
        return self._proven("token_endpoint", form, key=key, **(proof_claims or {}))

    def sign_in(self, browser: Browser, **changes: Any) -> Tokens:
        asked, code = self.granted(browser, **changes)
        return self.read(self.exchange(asked, code), nonce=asked.form.get("nonce"), token_type="DPoP")

    def renew(self, refresh_token: str, *, proof: bool = True) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._proven("token_endpoint", form) if proof else self.post("token_endpoint", form)

    def resource(
        self,
        access_token: str,
        *,
        scheme: str = "DPoP",
        key: Key | None = None,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        **claims: Any,
    ) -> requests.Response:
        """Userinfo, which is the protected resource here."""
        endpoint = self.suite.metadata["userinfo_endpoint"]
        for _ in range(2):
            proof = self.proof(method, endpoint, access_token=access_token, key=key, **claims)
            sent = {"Authorization": f"{scheme} {access_token}", "DPoP": proof} | (headers or {})
            answer = self.suite.http.request(method, endpoint, headers=sent, timeout=20)
            if not self._nonce_wanted(answer):
                break
        return answer

    # --- proving

    def proof(
        self,
        method: str,
        url: str,
        *,
        access_token: str | None = None,
        key: Key | None = None,
        header: dict[str, Any] | None = None,
        alg: str = "ES256",
        **changes: Any,
    ) -> str:
        """A proof of possession (RFC 9449 §4.2); None leaves a claim or a header field out."""
        key = key or self.dpop_key
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": self.suite.now(), "nonce": self._nonce,
        }  # fmt: skip
        if access_token is not None:
            claims["ath"] = (
                base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()
            )
        claims |= changes
        fields = {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False)} | (header or {})
        payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        wanted = {name: value for name, value in fields.items() if value is not None}
        return jws.serialize_compact(wanted, payload, key, registry=LENIENT)

    def _proven(
        self, endpoint: str, form: dict[str, str], *, key: Key | None = None, **claims: Any
    ) -> requests.Response:
        """The form with a proof; once more where the server asks for its nonce (RFC 9449 §8)."""
        for _ in range(2):
            proof = self.proof("POST", self.suite.metadata[endpoint], key=key, **claims)
            answer = self.post(endpoint, form, DPoP=proof)
            if not self._nonce_wanted(answer):
                break
        return answer

    def _nonce_wanted(self, answer: requests.Response) -> bool:
        told = answer.headers.get("DPoP-Nonce")
        wanted = told is not None and told != self._nonce and answer.status_code in {400, 401}
        self._nonce = told or self._nonce
        return wanted and "use_dpop_nonce" in answer.text + answer.headers.get("WWW-Authenticate", "")


__all__ = ["Arrived", "Asked", "FapiClient"]
