"""An OpenID provider that breaks whichever rule a test wants broken."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry

Claims = dict[str, Any]
Key = RSAKey | ECKey | OctKey


class FakeIssuer:
    """Change ``metadata``, ``keys``, ``claims``, ``header``, ``token`` before the callback is completed.

    ``asked`` counts requests by path. ``token`` overrides members of the token answer; ``id_token`` replaces how the ID
    token is made.
    """

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.key: Key = ECKey.generate_key("P-256", {"kid": "first", "alg": "ES256", "use": "sig"})
        self.keys: list[Claims] = [self.key.as_dict(private=False)]
        self.metadata: Claims = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
        }
        self.header: Claims = {"alg": "ES256", "kid": "first"}
        self.claims: Claims = {}
        self.without: tuple[str, ...] = ()
        self.token: Claims = {}
        self.token_status = 200
        self.userinfo: Claims = {"sub": "subject-1"}
        self.nonce = ""
        self.id_token: Callable[[Claims], str] = self.sign
        self.form: dict[str, str] = {}
        self.asked: dict[str, int] = {}
        self.down = False
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sign(self, claims: Claims) -> str:
        registry = JWSRegistry(algorithms=[self.header["alg"]])
        return jwt.encode(self.header, claims, self.key, registry=registry)

    def usual_claims(self) -> Claims:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": "kapok",
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "name": "林海棠",
            **self.claims,
        }
        return {name: value for name, value in claims.items() if name not in self.without}

    def _answer(self, path: str) -> tuple[int, Claims]:
        self.asked[path] = self.asked.get(path, 0) + 1
        if self.down:
            return 503, {}
        if path == "/.well-known/openid-configuration":
            return 200, self.metadata
        if path == "/jwks":
            return 200, {"keys": self.keys}
        if path == "/userinfo":
            return 200, self.userinfo
        usual = {"access_token": "an-access-token", "token_type": "Bearer", "expires_in": 300}
        return self.token_status, {**usual, "id_token": self.id_token(self.usual_claims()), **self.token}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(*issuer._answer(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                issuer.form = {**dict(parse_qsl(body)), "authorization": self.headers.get("Authorization", "")}
                self._send(*issuer._answer(self.path))

            def _send(self, status: int, content: Claims) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def unsigned(claims: Claims) -> str:
    """A token of ``alg: none``."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(_base64url(json.dumps(part).encode()) for part in parts) + "."


def signed_with_public_key(header: Claims, claims: Claims, pem: bytes) -> str:
    """HMAC with a public key's text as the shared secret: joserfc refuses to make one, attackers do not."""
    parts = [_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", **header}, claims)]
    mac = hmac.digest(pem, ".".join(parts).encode(), "sha256")
    return ".".join([*parts, _base64url(mac)])


def at_hash(access_token: str, alg: str = "sha256") -> str:
    digest = hashlib.new(alg, access_token.encode()).digest()
    return _base64url(digest[: len(digest) // 2])


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
