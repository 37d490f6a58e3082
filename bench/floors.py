"""What nobody can do without: one signature in a token, one check of it, one read, one commit, one hash, one answer."""

import base64
import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from argon2 import PasswordHasher, Type
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from sqlalchemy import make_url

from bench.sent import call, get

_ES256: Final = JWSRegistry.algorithms["ES256"]
_CLAIMS: Final = {
    "iss": "http://127.0.0.1:8000",
    "aud": "http://127.0.0.1:8000",
    "sub": "a" * 32,
    "client_id": "a" * 32,
    "scope": "feeds:cases",
    "iat": 1_700_000_000,
    "exp": 4_000_000_000,
    "jti": "b" * 22,
}


def _segment(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _plain(segment: bytes) -> bytes:
    return base64.urlsafe_b64decode(segment + b"==")


def _tokens() -> tuple[Callable[[], object], Callable[[], object]]:
    """Making a minimal ES256 JWT of the members that ours have, and checking one."""
    key = ECKey.generate_key("P-256")
    head = _segment(b'{"typ":"at+jwt","alg":"ES256","kid":"' + key.thumbprint().encode() + b'"}') + b"."

    def make() -> str:
        signed = head + _segment(json.dumps(_CLAIMS, separators=(",", ":")).encode())
        return (signed + b"." + _segment(_ES256.sign(signed, key))).decode()

    token = make()

    def check() -> None:
        signed, _, signature = token.encode().rpartition(b".")
        header, _, claims = signed.partition(b".")
        right = json.loads(_plain(header))["alg"] == "ES256" and _ES256.verify(signed, _plain(signature), key)
        if not right or json.loads(_plain(claims))["exp"] < time.time():
            raise RuntimeError("the check refuses its own token")

    return make, check


def _storage(url: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """One indexed read of a family and one commit of a small row, by the driver alone."""
    columns = "id, client_id, account_id, sub, scope, seed, generation, expires_at, revoked_at"
    made = "CREATE TABLE IF NOT EXISTS bench_commit (content text)"
    first = "SELECT id FROM token_family LIMIT 1"
    if make_url(url).get_backend_name() == "sqlite":
        lite = sqlite3.connect(make_url(url).database or "", isolation_level=None)
        lite.execute("PRAGMA journal_mode=WAL")
        lite.execute("PRAGMA synchronous=NORMAL")
        lite.execute(made)
        key = lite.execute(first).fetchone()
        asked = f"SELECT {columns} FROM token_family WHERE id = ?"
        written = "INSERT INTO bench_commit VALUES ('x')"
        return lambda: lite.execute(asked, key).fetchone(), lambda: lite.execute(written)
    import psycopg

    pg = psycopg.connect(url, autocommit=True)
    pg.execute(made)
    key = pg.execute(first).fetchone()
    asked = f"SELECT {columns} FROM token_family WHERE id = %s"
    written = "INSERT INTO bench_commit VALUES ('x')"
    return (
        lambda: pg.execute(asked, key, prepare=True).fetchone(),
        lambda: pg.execute(written, prepare=True),
    )


def answer_of(status: str, headers: list[tuple[str, str]], body: bytes) -> Callable[..., Iterable[bytes]]:
    """The least WSGI application that says this."""

    def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(status, headers)
        return [body]

    return application


def floors(url: str, document: bytes) -> dict[str, Callable[[], object]]:
    """Each floor by its name; ``document`` is what the bare answer says, ``url`` a database with a family in it."""
    make, check = _tokens()
    read, commit = _storage(url)
    hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)
    kept = hasher.hash("correct horse battery")
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(document)))]
    bare, environ = answer_of("200 OK", headers, document), get("/jwks").environ()
    return {
        "ES256 JWT made": make,
        "ES256 JWT checked": check,
        "indexed read": read,
        "commit": commit,
        "Argon2id": lambda: hasher.verify(kept, "correct horse battery"),
        "bare WSGI answer": lambda: call(bare, environ),
    }
