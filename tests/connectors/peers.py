"""For each kind of city source: a real peer, and a person who signs in at it as the kind's style demands."""

import html
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import requests

from connectors import city_file, contract
from connectors.contract import Begin, UpstreamIdentity
from connectors.models import CitySource
from kernel.db import transaction
from tests.servers.slapd import ADMIN_PASSWORD, Slapd

Json = dict[str, Any]

CALLBACK = "http://127.0.0.1:8000/login/city/shenzhen/callback"
COMMON: Json = {
    "code": "shenzhen",
    "name": "深圳市",
    "group": "珠三角",
    "division_codes": ["440300"],
    "authoritative_for": ["111"],
    "level_cap": 4,
    "internal": True,
}


def add_city(city: Json) -> str:
    """Store the city as ``flask cities add`` does; its code."""
    checked, faults = city_file.check(city)
    assert checked is not None, faults
    with transaction() as db:
        row = CitySource(code=city["code"])
        city_file.write(row, checked)
        db.add(row)
    return str(city["code"])


class Peer(Protocol):
    """What the conformance suite needs of a kind's real peer."""

    def city(self, **changes: Any) -> Json:
        """The city's file, pointing at the peer."""

    def elsewhere(self, port: int) -> Json:
        """The same city, pointing at some other port of this machine."""

    def log_in(self, code: str, username: str, password: str) -> UpstreamIdentity: ...

    def log_in_while(self, code: str, username: str, password: str, meanwhile: Callable[[], None]) -> UpstreamIdentity:
        """Log in; ``meanwhile`` happens after the city was asked and before it answers."""


class DirectoryPeer:
    """A directory: account and password are typed at the platform."""

    def __init__(self, slapd: Slapd) -> None:
        self.slapd = slapd

    def city(self, **changes: Any) -> Json:
        settings = {
            "url": self.slapd.url,
            "base_dn": f"ou=people,{self.slapd.base_dn}",
            "bind_dn": self.slapd.admin_dn,
            "bind_password": ADMIN_PASSWORD,
        }
        fields = {"level": "employeeType", "attributes": {"email": "mail"}}
        levels = {"level_map": {"window": 5, "*": 3}}
        return {**COMMON, "kind": "ldap", "settings": settings, "fields": fields, **levels, **changes}

    def elsewhere(self, port: int) -> Json:
        city = self.city()
        return {**city, "settings": {**city["settings"], "url": f"ldap://127.0.0.1:{port}"}}

    def log_in(self, code: str, username: str, password: str) -> UpstreamIdentity:
        return contract.sign_in(code, username, password)

    def log_in_while(self, code: str, username: str, password: str, meanwhile: Callable[[], None]) -> UpstreamIdentity:
        started = threading.Event()

        def sign_in() -> UpstreamIdentity:
            started.set()
            return contract.sign_in(code, username, password)

        self.slapd.pause()
        try:
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(sign_in)
                started.wait(5)
                self._wait_until_asked()
                meanwhile()
                self.slapd.resume()
                return answer.result(10)
        finally:
            self.slapd.resume()

    def _wait_until_asked(self) -> None:
        """Until a connection to the paused server stands: the source was loaded before it was opened."""
        asked = threading.Event()
        wanted = f":{self.slapd.port:04X} "
        for _attempt in range(500):
            lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            if any(wanted in f"{line[2]} " and line[3] == "01" for line in lines):
                return
            asked.wait(0.01)
        raise AssertionError("the directory was never asked")


class ProviderPeer:
    """The demo city: account and password are typed at the city's own page."""

    def __init__(self, issuer: str, client_secret: str) -> None:
        self.issuer = issuer
        self.client_secret = client_secret

    def city(self, **changes: Any) -> Json:
        settings = {
            "issuer": self.issuer,
            "client_id": "kapok",
            "client_secret": self.client_secret,
            "scopes": ["openid", "profile", "identity", "email"],
        }
        fields = {"attributes": {"email": "email"}}
        levels = {"level_map": {"window": 5, "*": 3}}
        return {**COMMON, "kind": "oidc", "settings": settings, "fields": fields, **levels, **changes}

    def elsewhere(self, port: int) -> Json:
        city = self.city()
        return {**city, "settings": {**city["settings"], "issuer": f"http://127.0.0.1:{port}"}}

    def log_in(self, code: str, username: str, password: str) -> UpstreamIdentity:
        return self.log_in_while(code, username, password, lambda: None)

    def log_in_while(self, code: str, username: str, password: str, meanwhile: Callable[[], None]) -> UpstreamIdentity:
        begun = contract.begin(code, CALLBACK)
        params = answer_of(begun, username, password)
        meanwhile()
        return contract.complete(code, params, begun.saved, CALLBACK)


def answer_of(begun: Begin, username: str, password: str) -> dict[str, str]:
    """Sign in at the demo city in a browser of one's own; the query it sends the browser back with."""
    with requests.Session() as browser:
        page = browser.get(begun.redirect_url, timeout=10)
        ticket = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert ticket is not None, page.text
        form = {"csrf_token": ticket[1], "action": "sign-in", "account": username, "password": password}
        answer = browser.post(begun.redirect_url.partition("?")[0], data=form, timeout=10)
        if answer.status_code == 401:
            raise contract.BadCredentials("深圳市", "refused on the city's own page")
        link = re.search(r'id="return" href="([^"]+)"', answer.text)
        assert link is not None, answer.text
        target = html.unescape(link[1])
        assert target.startswith(f"{CALLBACK}?")
        return dict(parse_qsl(urlsplit(target).query))
