"""The city's OpenID provider, as far as a page can do without: clients, one-time codes, tokens, signed ID tokens."""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from examples.city.people import Person

ALGORITHM = "ES256"
CODE_SECONDS = 60
TOKEN_SECONDS = 600
SCOPES = {"profile": ("name",), "identity": ("id_number", "id_type"), "email": ("email",), "phone": ("phone_number",)}


class Refused(Exception):
    """An OAuth error code (RFC 6749 §4.1.2.1, §5.2) with a sentence for the developer."""

    def __init__(self, error: str, description: str) -> None:
        self.error, self.description = error, description
        super().__init__(f"{error}: {description}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An authorization request that has been checked."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    challenge: str
    prompt: str

    @classmethod
    def of(cls, params: dict[str, str]) -> "Request":
        return cls(
            client_id=params["client_id"],
            redirect_uri=params["redirect_uri"],
            scope=params.get("scope", ""),
            state=params.get("state", ""),
            nonce=params.get("nonce", ""),
            challenge=params.get("code_challenge", ""),
            prompt=params.get("prompt", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a code or an access token stands for, until ``expires_at``."""

    request: Request
    person: Person
    auth_time: int
    sid: str
    expires_at: float


class Provider:
    """State in memory: a restart forgets every login and makes a new key, which clients must survive."""

    def __init__(self, issuer: str, clients: list[dict[str, Any]]) -> None:
        self.issuer = issuer
        self._clients = {client["client_id"]: client for client in clients}
        self._key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig", "alg": ALGORITHM})
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}

    def metadata(self) -> dict[str, Any]:
        names = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "jwks",
            "end_session_endpoint": "logout",
        }
        return {
            "issuer": self.issuer,
            **{name: f"{self.issuer}/{path}" for name, path in names.items()},
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": ["openid", *SCOPES],
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False)]}

    def client(self, client_id: str, redirect_uri: str) -> dict[str, Any]:
        """The client, if this is one of its addresses, byte for byte: nothing is ever sent anywhere else."""
        client = self._clients.get(client_id)
        if client is None:
            raise Refused("invalid_client", f"client_id {client_id!r} is not registered here")
        if redirect_uri not in client["redirect_uris"]:
            raise Refused("invalid_request", f"redirect_uri {redirect_uri!r} is not registered for {client_id!r}")
        return client

    def request(self, params: dict[str, str]) -> Request:
        """The rest of the request's rules; ``client`` has been called before."""
        if params.get("response_type") != "code":
            raise Refused("unsupported_response_type", "response_type must be code")
        if "openid" not in params.get("scope", "").split():
            raise Refused("invalid_scope", "scope must contain openid")
        if params.get("code_challenge_method") != "S256" or len(params.get("code_challenge", "")) != 43:
            raise Refused("invalid_request", "PKCE with S256 is required")
        return Request.of(params)

    def code(self, request: Request, person: Person, *, auth_time: int, sid: str) -> str:
        """A new one-time code."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = Grant(
            request=request, person=person, auth_time=auth_time, sid=sid, expires_at=time.time() + CODE_SECONDS
        )
        return code

    def exchange(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """The token answer for a code (RFC 6749 §4.1.3, RFC 7636 §4.6)."""
        client_id = self._authenticated(form, authorization)
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type", "grant_type must be authorization_code")
        grant = self._codes.pop(form.get("code", ""), None)  # whatever follows: used once
        if grant is None or grant.expires_at < time.time() or grant.request.client_id != client_id:
            raise Refused("invalid_grant", "the code is unknown, used, expired, or another client's")
        if grant.request.redirect_uri != form.get("redirect_uri"):
            raise Refused("invalid_grant", "redirect_uri differs from that of the request")
        if _challenge(form.get("code_verifier", "")) != grant.request.challenge:
            raise Refused("invalid_grant", "code_verifier does not match")
        self._tokens = {token: old for token, old in self._tokens.items() if old.expires_at > time.time()}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = replace(grant, expires_at=time.time() + TOKEN_SECONDS)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": grant.request.scope,
            "id_token": self._id_token(grant, token),
        }

    def userinfo(self, authorization: str) -> dict[str, Any]:
        grant = self._tokens.get(authorization.removeprefix("Bearer "))
        if grant is None or grant.expires_at < time.time():
            raise Refused("invalid_token", "the access token is unknown or expired")
        return _claims(grant)

    def hinted_client(self, hint: str) -> str | None:
        """The client an ID token of ours was made for, expired or not."""
        try:
            return str(jwt.decode(hint, self._key, algorithms=[ALGORITHM]).claims["aud"])
        except (JoseError, ValueError, KeyError):
            return None

    def may_return_to(self, client_id: str, uri: str) -> bool:
        return uri in self._clients.get(client_id, {}).get("post_logout_redirect_uris", [])

    def _authenticated(self, form: dict[str, str], authorization: str) -> str:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization.startswith("Basic "):
            try:
                pair = base64.b64decode(authorization[6:], validate=True).decode()
            except ValueError:
                pair = ""
            client_id, secret = (unquote_plus(part) for part in (pair + ":").split(":")[:2])
        known = self._clients.get(client_id, {}).get("client_secret", "")
        if not known or not hmac.compare_digest(known.encode(), secret.encode()):
            raise Refused("invalid_client", "client_id or client_secret is wrong")
        return client_id

    def _id_token(self, grant: Grant, access_token: str) -> str:
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            **_claims(grant),
            "iss": self.issuer,
            "aud": grant.request.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": grant.auth_time,
            "acr": grant.person.level,
            "sid": grant.sid,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        if grant.request.nonce:
            claims["nonce"] = grant.request.nonce
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid}, claims, self._key)


def _claims(grant: Grant) -> dict[str, str]:
    person = grant.person
    known = {
        "name": person.name,
        "id_number": person.number,
        "id_type": "111" if person.number else "",
        "email": person.email,
        "phone_number": person.phone,
    }
    allowed = [name for scope in grant.request.scope.split() for name in SCOPES.get(scope, ())]
    return {"sub": person.sub, **{name: known[name] for name in allowed if known[name]}}


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
