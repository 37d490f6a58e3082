"""Browsers, accounts and cities of the sign-in's tests."""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from pydantic import ConfigDict
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from connectors.contract import Begin
from connectors.errors import LoginExpired
from connectors.form import STRICT
from connectors.kind import Answer, Callback, Kind, Source
from connectors.models import CitySource
from idp.accounts import add as accounts
from idp.models.account import Account
from kernel import audit, clock
from kernel.codes import citizen_id
from kernel.db import reading, transaction
from kernel.ids import new_secret

ORIGIN = "http://127.0.0.1:8000"
PASSWORD = "correct horse battery"
HOME, ELSEWHERE = "192.0.2.10", "198.51.100.20"


def number(order: int, born: str = "19880612") -> str:
    """A well-formed number that can belong to nobody: division 440199 was never assigned."""
    body = f"440199{born}{order:03d}"
    return body + citizen_id.check_digit(body)


class Browser:
    """A browser with cookies, at an address."""

    def __init__(self, app: Flask, address: str = HOME) -> None:
        self.http = Client(app, use_cookies=True)
        self.address = address
        self.page: TestResponse | None = None

    def get(self, path: str) -> TestResponse:
        self.page = self.http.get(path, base_url=ORIGIN, environ_base={"REMOTE_ADDR": self.address})
        return self.page

    def follow(self, path: str) -> TestResponse:
        """``get`` and every redirect on this site."""
        response = self.get(path)
        while response.status_code == 303 and response.headers["Location"].startswith("/"):
            response = self.get(response.headers["Location"])
        return response

    def post(self, path: str, *, on: str | None = None, token: str | None = None, **fields: Any) -> TestResponse:
        """Send the form at ``path`` as a person would who opened the page ``on`` (``path`` unless told)."""
        if token is None:
            token = self.token(on or path)
        self.page = self.http.post(
            path,
            base_url=ORIGIN,
            data={"csrf_token": token, **fields},
            headers={"Origin": ORIGIN},
            environ_base={"REMOTE_ADDR": self.address},
        )
        return self.page

    def token(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.follow(path).text)
        assert found, f"no form at {path}"
        return found[1]

    def sign_in(
        self, login: str, password: str = PASSWORD, *, on: str = "/login?use=province", **fields: Any
    ) -> TestResponse:
        return self.post("/login", on=on, account=login, password=password, **fields)

    @property
    def cookie(self) -> str | None:
        found = self.http.get_cookie("kapok", domain="127.0.0.1")
        return found.value if found else None

    @property
    def signed_in(self) -> bool:
        return self.get("/account/links").status_code == 200


def person(login: str = "chenxl", name: str = "陈晓岚", *, password: str | None = PASSWORD, **described: Any) -> str:
    """An account as ``flask users add`` makes it; its id. ``password=None`` makes one that has none."""
    found, faults = accounts.check({"login": login, "name": name, "password": password or PASSWORD, **described})
    assert found is not None, faults
    with transaction() as db:
        made = accounts.add(db, [found])[0]["id"]
        if password is None:
            db.get_one(Account, made).password_hash = None
    return str(made)


def account(account_id: str) -> Account:
    with reading() as db:
        return db.get_one(Account, account_id)


def accounts_of(name: str) -> list[Account]:
    with reading() as db:
        return list(db.scalars(select(Account).where(Account.name == name).order_by(Account.id)))


def entries(act: str) -> list[audit.AuditEntry]:
    with reading() as db:
        return list(
            db.scalars(select(audit.AuditEntry).where(audit.AuditEntry.act == act).order_by(audit.AuditEntry.id))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSettings:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass
class Cities:
    """A kind of city of these tests only: it says what it was told to say, through the same doors as every kind.

    ``told`` maps the ``code`` that its callback carries to what it then answers.
    """

    app: Flask
    told: dict[str, Answer] = field(default_factory=dict)
    completed: list[str] = field(default_factory=list)

    def kind(self) -> Kind[NoSettings]:
        return Kind(name="told", title="told", settings=NoSettings, begin=self._begin, complete=self._complete)

    def _begin(self, source: Source[NoSettings], callback_url: str, _deadline: object) -> Begin:
        state = new_secret(8)
        return Begin(redirect_url=f"https://{source.code}.example/login?state={state}", saved={"state": state})

    def _complete(self, source: Source[NoSettings], callback: Callback, _deadline: object) -> Answer:
        self.completed.append(source.code)
        if callback.params["state"] != callback.saved["state"]:
            raise LoginExpired(source.name, "state")
        return self.told[callback.params["code"]]

    def add(self, code: str, name: str = "深圳市", **changes: Any) -> str:
        """A city; the id of its source."""
        values: dict[str, Any] = {
            "region": "珠三角",
            "division_codes": [],
            "kind": "told",
            "settings": {},
            "secrets": "{}",
            "fields": {"name": "name", "id_number": "number", "level": "level"},
            "authoritative_for": ["111"],
            "subject_types": ["person"],
            "level_cap": 4,
            "level_map": {"2": 2, "3": 3, "4": 4, "*": 3},
            "own_accounts": True,
            "enabled": True,
            "internal": True,
            "display_order": 1,
        }
        with transaction() as db:
            row = CitySource(code=code, name=name, **{**values, **changes})
            db.add(row)
            db.flush()
            return row.id

    def change(self, code: str, **changes: Any) -> None:
        with transaction() as db:
            row = db.scalars(select(CitySource).where(CitySource.code == code)).one()
            for name, value in changes.items():
                setattr(row, name, value)

    def says(self, upstream_id: str, **values: str) -> str:
        """What the city answers to this code from now on."""
        self.told[upstream_id] = Answer(upstream_id=upstream_id, values=values, authenticated_at=clock.now())
        return upstream_id

    def state(self, browser: Browser, code: str, query: str = "") -> str:
        """Go to the city; the state it was handed."""
        response = browser.get(f"/login/city/{code}{query}")
        assert response.status_code == 303, response.text
        address = response.headers["Location"]
        assert address.startswith(f"https://{code}.example/login")
        return parse_qs(urlsplit(address).query)["state"][0]

    def arrive(self, browser: Browser, code: str, upstream_id: str, query: str = "") -> TestResponse:
        """Sign in there and come back."""
        state = self.state(browser, code, query)
        return browser.get(f"/login/city/{code}/callback?code={upstream_id}&state={state}")


def arrival_of(response: TestResponse) -> str:
    """The arrival that an answer of the callback leads to."""
    assert response.status_code == 303, response.text
    address = urlsplit(response.headers["Location"])
    assert address.path == "/link", response.headers["Location"]
    return parse_qs(address.query)["arrival"][0]
