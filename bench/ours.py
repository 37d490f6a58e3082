"""Kapok in this process: its parties registered, requests of each operation prepared before anything is measured."""

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask
from sqlalchemy import Table, func, insert, select

from bench.sent import HOST, Got, Sent, basic, call, get, post
from idp.accounts import add as accounts
from idp.clients import add, metadata
from idp.discovery import document
from idp.models.session import LoginSession
from idp.tokens.families import CODE
from kernel import clock, crypto, db, migrate, settings
from kernel.ids import new_id, new_secret
from kernel.settings import KernelSettings
from wiring.app import create_app
from wiring.start import start

ORIGIN: Final = f"http://{HOST}"
CALLBACK: Final = "https://portal.example.gov.cn/cb"
LOGIN, PASSWORD = "chenxl", "correct horse battery"
VERIFIER: Final = "v" * 64
CHALLENGE: Final = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
TOKEN_GRANTS: Final = ("authorization_code", "refresh_token")


class Refused(RuntimeError):
    """An answer that no measurement should contain."""


class Ours:
    """One machine, one portal and one person on the database of ``environ``; ``app`` answers for them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        start(environ)
        migrate.import_models()
        db.Base.metadata.create_all(db.engine())
        self.app: Flask = create_app()
        self._register()
        self._template = self._first_code()
        self.operations: dict[str, Callable[[int], list[Sent]]] = {
            "client_credentials": self._client_credentials,
            "code": self._codes,
            "refresh": self._refreshes,
            "userinfo": self._userinfo,
            "userinfo again": partial(self._again, self._userinfo),
            "introspection": self._introspection,
            "introspection again": partial(self._again, self._introspection),
            "jwks": partial(self._same, get("/jwks")),
            "discovery": partial(self._same, get("/.well-known/openid-configuration")),
            "login": self._logins,
        }
        self._introspect = urlsplit(str(document(ORIGIN).get("introspection_endpoint", ""))).path
        if not self._introspect:
            del self.operations["introspection"], self.operations["introspection again"]

    def _register(self) -> None:
        raw = {
            "client_name": "门户",
            "redirect_uris": [CALLBACK],
            "grant_types": list(TOKEN_GRANTS),
            "scope": "openid profile",
            "id_token_signed_response_alg": "ES256",
        }
        found, faults = accounts.check({"login": LOGIN, "name": "陈晓岚", "password": PASSWORD})
        if found is None:
            raise Refused(faults)
        with db.transaction() as session:
            portal = add.add(session, metadata.validate(raw))
            self.machine, machine_secret = add.register_machine_client(session, name="委", scopes=["feeds:cases"])
            self.account = str(accounts.add(session, [found])[0]["id"])
        self.portal, self._portal_basic = portal.client_id, basic(portal.client_id, portal.secret or "")
        self._machine_basic = basic(self.machine, machine_secret)

    def call(self, sent: Sent, expect: int = 200) -> Got:
        got = call(self.app, sent.environ())
        if got.status != expect:
            raise Refused(f"{sent.method} {sent.path}: {got.status} {got.body[:500]!r}")
        return got

    def prepare(self, operation: str, count: int) -> list[Sent]:
        return self.operations[operation](count)

    def _first_code(self) -> Mapping[str, Any]:
        """A code as /authorize makes it for somebody who is signed in; its row is the pattern of all others."""
        secret, now = new_secret(), clock.now()
        with db.transaction() as session:
            session.add(
                LoginSession(
                    secret_hash=crypto.digest(secret),
                    account_id=self.account,
                    auth_time=now,
                    level=2,
                    amr=["pwd"],
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + timedelta(hours=12),
                    device="bench",
                    data={},
                )
            )
        asked = {
            "response_type": "code",
            "client_id": self.portal,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        got = self.call(get(f"/authorize?{urlencode(asked)}", Cookie=f"kapok=s.{secret}"), 303)
        code = parse_qs(urlsplit(dict(got.headers)["Location"]).query)["code"][0]
        with db.reading() as reading:
            row = reading.execute(select(CODE).where(CODE.c.code_hash == crypto.digest(code))).mappings().one()
        return dict(row)

    def _client_credentials(self, count: int) -> list[Sent]:
        return self._same(
            post("/token", {"grant_type": "client_credentials"}, Authorization=self._machine_basic), count
        )

    def _codes(self, count: int) -> list[Sent]:
        codes = [new_secret() for _ in range(count)]
        ends = clock.now() + timedelta(minutes=10)
        rows = [
            {**self._template, "code_hash": crypto.digest(code), "family_id": new_id(), "expires_at": ends}
            for code in codes
        ]
        with db.transaction() as session:
            session.connection().execute(insert(CODE), rows)
        form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return [post("/token", {**form, "code": code}, Authorization=self._portal_basic) for code in codes]

    def _answers(self, count: int) -> list[dict[str, Any]]:
        """Token answers of ``count`` codes that were just exchanged."""
        return [json.loads(self.call(sent).body) for sent in self._codes(count)]

    def _refreshes(self, count: int) -> list[Sent]:
        return [
            post(
                "/token",
                {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]},
                Authorization=self._portal_basic,
            )
            for answer in self._answers(count)
        ]

    def _userinfo(self, count: int) -> list[Sent]:
        return [get("/userinfo", Authorization=f"Bearer {answer['access_token']}") for answer in self._answers(count)]

    def _introspection(self, count: int) -> list[Sent]:
        return [
            post(self._introspect, {"token": answer["access_token"]}, Authorization=self._portal_basic)
            for answer in self._answers(count)
        ]

    def _again(self, prepare: Callable[[int], list[Sent]], count: int) -> list[Sent]:
        """The same token each time, one that was seen before."""
        sent = prepare(1)[0]
        self.call(sent)
        return [sent] * count

    def _same(self, sent: Sent, count: int) -> list[Sent]:
        return [sent] * count

    def _logins(self, count: int) -> list[Sent]:
        return [login(self.call) for _ in range(count)]

    def rows(self, table: Table) -> int:
        with db.reading() as reading:
            return int(reading.scalar(select(func.count()).select_from(table)) or 0)

    @property
    def database_url(self) -> str:
        return settings.of(KernelSettings).database_url


def login(fetch: Callable[[Sent], Got], account: str = LOGIN, password: str = PASSWORD) -> Sent:
    """The form of the login page, opened by a browser of its own and filled in."""
    page = fetch(get("/login?use=province"))
    cookie = next(value for name, value in page.headers if name.lower() == "set-cookie").partition(";")[0]
    token = re.search(rb'name="csrf_token" value="([^"]+)"', page.body)
    if token is None:
        raise Refused("no form on the login page")
    form = {"csrf_token": token[1].decode(), "account": account, "password": password}
    return post("/login", form, Cookie=cookie, Origin=ORIGIN)
