"""The parties of a protocol test: the provider behind its door, portals, and browsers of people."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import event, select
from werkzeug.test import Client, TestResponse

from idp.clients import add, metadata
from idp.consent import decide
from idp.models.account import Account
from idp.models.session import LoginSession
from idp.tokens.algorithms import ALGORITHMS
from kernel import clock, crypto, db, keyvalue

ISSUER = "http://127.0.0.1:8000"
CALLBACK = "https://portal.example.gov.cn/cb?from=kapok"


@dataclass(frozen=True, kw_only=True)
class Pkce:
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, kw_only=True)
class Portal:
    client_id: str
    secret: str | None
    redirect_uri: str | None

    @property
    def basic(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


@dataclass(frozen=True, kw_only=True)
class Landed:
    """Where an answer of /authorize sent the browser."""

    address: str
    answer: dict[str, str]


class Person:
    """A browser with a session of its own."""

    def __init__(self, op: "Op", account_id: str | None = None) -> None:
        self.op = op
        self.http = Client(op.app, use_cookies=True)
        self.account_id = account_id
        self.session_id: str | None = None

    def sign_in(self, *, at: datetime | None = None, level: int = 2, amr: tuple[str, ...] = ("pwd",)) -> "Person":
        """A session row as a login leaves it, and its cookie."""
        now, secret = at or clock.now(), secrets.token_urlsafe(32)
        with db.transaction() as session:
            row = LoginSession(
                secret_hash=crypto.digest(secret),
                account_id=self.account_id,
                auth_time=now,
                level=level,
                amr=list(amr),
                created_at=now,
                last_seen_at=clock.now(),
                expires_at=clock.now() + timedelta(hours=12),
                device="test",
                data=dict(self._carried()),
            )
            session.add(row)
            session.flush()
            self.session_id = row.id
        self.http.set_cookie("kapok", f"s.{secret}", domain="127.0.0.1")
        return self

    def _carried(self) -> Mapping[str, Any]:
        """What this browser's session knew; a login carries it over."""
        cookie = self.http.get_cookie("kapok", domain="127.0.0.1")
        kind, _, secret = cookie.value.partition(".") if cookie else ("", "", "")
        digest = crypto.digest(secret)
        if kind == "s":
            with db.reading() as session:
                return session.scalars(select(LoginSession.data).where(LoginSession.secret_hash == digest)).one()
        return json.loads(keyvalue.store().get(f"visitor:{digest}") or "{}")

    def get(self, path: str) -> TestResponse:
        return self.http.get(path, base_url=ISSUER)

    def send(self, path: str, *, on: str, **fields: Any) -> TestResponse:
        """The form at ``path``, sent from the page ``on`` as this browser shows it."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(on).text)
        assert token, f"no form on {on}"
        form = {"csrf_token": token[1], **fields}
        return self.http.post(path, base_url=ISSUER, data=form, headers={"Origin": ISSUER})

    def authorize(
        self, portal: Portal, pkce: Pkce | None = None, *, method: str = "GET", **changes: Any
    ) -> TestResponse:
        """``changes`` replace parameters; None removes one."""
        parameters = {
            "response_type": "code",
            "client_id": portal.client_id,
            "redirect_uri": portal.redirect_uri,
            "scope": "openid",
            "state": "st&ate=1",
            "nonce": "n-1",
            "code_challenge": (pkce or Pkce()).challenge,
            "code_challenge_method": "S256",
        } | changes
        pairs = [
            (n, v)
            for n, value in parameters.items()
            if value is not None
            for v in ([value] if isinstance(value, str) else value)
        ]
        if method == "POST":
            headers = {"Origin": "https://portal.example.gov.cn", "Sec-Fetch-Site": "cross-site"}
            return self.http.post(
                "/authorize",
                base_url=ISSUER,
                data=urlencode(pairs),
                headers=headers,
                content_type="application/x-www-form-urlencoded",
            )
        return self.get(f"/authorize?{urlencode(pairs)}")

    def code(self, portal: Portal, pkce: Pkce, **changes: Any) -> str:
        response = self.authorize(portal, pkce, **changes)
        assert response.status_code == 303, response.text
        return landed(response).answer["code"]


class Op:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.machine = Client(app, use_cookies=False)

    def portal(self, **changes: Any) -> Portal:
        raw = {
            "client_name": "测试门户",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid profile email materials",
        } | changes
        with db.transaction() as session:
            added = add.add(session, metadata.validate(raw))
        uris = raw["redirect_uris"]
        return Portal(client_id=added.client_id, secret=added.secret, redirect_uri=uris[0] if uris else None)

    def machine_client(self, *scopes: str) -> Portal:
        with db.transaction() as session:
            client_id, secret = add.register_machine_client(session, name="发改委", scopes=scopes)
        return Portal(client_id=client_id, secret=secret, redirect_uri=None)

    def person(self, *, level: int = 3, **fields: Any) -> Person:
        with db.transaction() as session:
            account = Account(name="张三", level=level, own_level=level, **fields)
            session.add(account)
            session.flush()
            return Person(self, account.id)

    def visitor(self) -> Person:
        return Person(self)

    def consent(self, person: Person, portal: Portal, *granted: str, claims: Mapping[str, bool] | None = None) -> None:
        assert person.account_id is not None
        with db.transaction() as session:
            decide.grant(
                session,
                client_id=portal.client_id,
                account_id=person.account_id,
                granted=frozenset(granted),
                claims=claims,
            )

    def token(
        self, portal: Portal | None = None, headers: Mapping[str, str] | None = None, **form: str
    ) -> TestResponse:
        sent = dict(headers or {})
        if portal is not None and portal.secret is not None and headers is None:
            sent = portal.basic
        elif portal is not None and headers is None:
            form = {"client_id": portal.client_id, **form}
        return self.machine.post("/token", base_url=ISSUER, data=form, headers=sent)

    def redeem(self, portal: Portal, code: str, pkce: Pkce, **changes: str) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": portal.redirect_uri or "",
            "code_verifier": pkce.verifier,
        } | changes
        return self.token(portal, **form)

    def refresh(self, portal: Portal, refresh_token: str, **form: str) -> TestResponse:
        return self.token(portal, grant_type="refresh_token", refresh_token=refresh_token, **form)

    def tokens(self, portal: Portal, person: Person, **changes: Any) -> dict[str, Any]:
        """The whole way from /authorize to the token answer."""
        pkce = Pkce()
        response = self.redeem(portal, person.code(portal, pkce, **changes), pkce)
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def userinfo(self, access_token: str | None = None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {access_token}"} if access_token is not None else {}
        headers |= options.pop("headers", {})
        return self.machine.open("/userinfo", base_url=ISSUER, headers=headers, **options)

    def keys(self) -> KeySet:
        return KeySet.import_key_set(self.machine.get("/jwks", base_url=ISSUER).json)

    def read(self, token: str) -> jwt.Token:
        """A JWT of the provider, verified by its published keys."""
        return jwt.decode(token, self.keys(), algorithms=list(ALGORITHMS))


def landed(response: TestResponse) -> Landed:
    address = response.headers["Location"]
    query = parse_qsl(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(query)) == len(query), "a parameter came twice"
    return Landed(address=address, answer=dict(query))


def flow_of(response: TestResponse) -> str:
    return parse_qs(urlsplit(response.headers["Location"]).query)["flow"][0]


@contextmanager
def statements():
    """The SQL statements sent inside the block, transaction control apart; and the commits of the writing engine."""
    sent: list[str] = []
    ends: list[str] = []
    engines = [db._both().writing, db._both().reading]

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            sent.append(statement)

    def commit(_c: Any) -> None:
        ends.append("commit")

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    event.listen(engines[0], "commit", commit)
    try:
        yield sent, ends
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
        event.remove(engines[0], "commit", commit)
