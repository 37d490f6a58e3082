"""Filling the demo province by the doors of production: an operator's commands, the departments' endpoint."""

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import click
from flask.testing import FlaskCliRunner

from kernel import clock, http
from wiring.app import create_app
from wiring.demo import files
from wiring.demo.people import cast
from wiring.demo.places import PASSWORD, Places, Registered, Stop
from wiring.demo.province import departments

_FAMILIES = ("profile", "case", "certificate", "item")
_POST_SECONDS = 60


def register(places: Places) -> Registered:
    """Cities, portals, departments and accounts, once; afterwards what was registered then."""
    kept = places.registered
    if kept.exists():
        registered: Registered = json.loads(kept.read_text(encoding="utf-8"))
        return registered
    office = _Office(places)
    files.write(places.files / "province", clock.local(clock.now()))
    registered = {
        "city": office.city(),
        "portal": office.portal(),
        "second_portal": office.second_portal(),
        "feeds": [office.department(code) for code in departments()],
        "admin": office.account(kind="admin", login="admin", name="运维管理员", level=2, admin=True),
        "accounts": [*office.citizens()],
    }
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(registered, ensure_ascii=False, indent=2), encoding="utf-8")
    return registered


def report(places: Places, registered: Registered) -> None:
    """Post every file as its department would: a token first, then the file; faults in rows are part of the demo."""
    feeds = {feed["code"]: feed for feed in registered["feeds"]}
    for each in files.write(places.files / "province", clock.local(clock.now())):
        feed = feeds[each.department]
        answer = http.request(
            "POST",
            f"{feed['endpoint']}/{each.family}",
            headers={"Authorization": f"Bearer {_token(feed)}", "Content-Type": each.content_type},
            body=each.path.read_bytes(),
            timeout=_POST_SECONDS,
            max_bytes=16 << 20,
            internal=True,
        )
        if answer.status >= 300:
            raise Stop(f"the report {each.path.name} was refused with {answer.status}: {answer.text[:300]}")
        counts = answer.json()["counts"]
        click.echo(f"  {each.path.name:28} {' '.join(f'{name} {n}' for name, n in counts.items() if n)}")


def _token(feed: dict[str, str]) -> str:
    """RFC 6749 §4.4; the credentials are form-encoded before Basic (§2.3.1)."""
    pair = f"{quote_plus(feed['client_id'])}:{quote_plus(feed['client_secret'])}"
    answer = http.request(
        "POST",
        feed["token_endpoint"],
        headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
        form={"grant_type": "client_credentials"},
        internal=True,
    )
    return str(answer.json()["access_token"])


class _Portal(NamedTuple):
    name: str
    path: str
    scope: str
    extra: dict[str, Any]


class _Office:
    """An operator at the command line: writes a file, runs the command, reads its JSON answer."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._runner: FlaskCliRunner = create_app().test_cli_runner()
        self._portal_config: dict[str, Any] = {}

    def city(self) -> dict[str, Any]:
        """The demo city: an OpenID provider of its own, registered as 深圳's."""
        people = cast(clock.today()).people
        client_id, client_secret = "kapok", secrets.token_urlsafe(32)
        callback = f"{self._places.issuer}/login/city/shenzhen/callback"
        self._save(
            "city.json",
            {
                "issuer": self._places.city,
                "port": self._places.port + 2,
                "name": "深圳市民通行证",
                "level": "verified",
                "hint": f"演示账号：{people[0].login}，密码：{PASSWORD}",
                "people": str(self._places.files / "province" / "people.ldif"),
                "clients": [
                    {
                        "client_id": client_id,
                        "client_secret": client_secret,
                        "name": "省统一身份认证",
                        "redirect_uris": [callback],
                        "post_logout_redirect_uris": [f"{self._places.issuer}/login"],
                    }
                ],
            },
        )
        self._flask(
            "cities",
            {
                "code": "shenzhen",
                "name": "深圳市",
                "group": "珠三角",
                "kind": "oidc",
                "settings": {
                    "issuer": self._places.city,
                    "client_id": client_id,
                    "client_secret": client_secret,
                    "scopes": ["openid", "profile", "identity", "email", "phone"],
                    "algorithms": ["ES256"],
                },
                "fields": {
                    "name": "name",
                    "id_type": "id_type",
                    "id_number": "id_number",
                    "attributes": {"email": "email"},
                },
                "division_codes": ["440300"],
                "authoritative_for": ["111"],
                "level_cap": 4,
                "level_map": {"*": 4},
                "internal": True,
                "support_contact": "0755-12345",
            },
        )
        return {"name": "深圳市", "code": "shenzhen", "url": self._places.city}

    def portal(self) -> dict[str, Any]:
        return self._register(
            _Portal(
                name="深圳市网上办事大厅（演示）",
                path="",
                scope="openid profile identity phone materials",
                extra={
                    "purpose": "办理您申请的事项",
                    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
                },
            ),
            "portal",
        )

    def second_portal(self) -> dict[str, Any]:
        return self._register(
            _Portal(
                name="深圳市社会保障服务（演示）",
                path="/second",
                scope="openid profile",
                extra={"purpose": "查询社会保障权益", "legal_basis": "社会保险法第七十四条"},
            ),
            "second",
        )

    def department(self, code: str) -> dict[str, Any]:
        body = departments()[code]
        answer = self._flask(
            "feeds",
            {
                "code": code,
                "name": body.name,
                "uscc": body.uscc,
                "families": list(_FAMILIES),
                "authoritative_for": list(body.authoritative_for),
            },
        )
        return {"code": code, "department": body.name, **answer}

    def account(self, *, kind: str, login: str, **facts: Any) -> dict[str, Any]:
        self._flask("users", {"login": login, "password": PASSWORD, **facts})
        return {
            "kind": kind,
            "login": login,
            "password": PASSWORD,
            "name": facts["name"],
            "url": f"{self._places.issuer}/login",
        }

    def citizens(self) -> Iterator[dict[str, Any]]:
        """Two people of the demo city first, then people with accounts of the province."""
        people = cast(clock.today()).people
        for person in (people[0], people[4]):
            yield {
                "kind": "city",
                "login": person.login,
                "password": PASSWORD,
                "name": person.name,
                "url": f"{self._places.portal}",
                "city": "shenzhen",
            }
        for person, kind in ((people[1], "legal representative"), (people[2], "province"), (people[3], "province")):
            yield self.account(
                kind=kind,
                login=person.login,
                name=person.name,
                id_type="111",
                id_number=person.number,
                level=4,
                phone=person.phone,
                email=person.email,
            )

    def _register(self, portal: _Portal, key: str) -> dict[str, Any]:
        url = self._places.portal + portal.path
        answer = self._flask(
            "clients",
            {
                "client_name": portal.name,
                "client_uri": url or self._places.portal,
                "redirect_uris": [f"{url}/callback", f"{url}/materials"],
                "post_logout_redirect_uris": [f"{url}/"],
                "scope": portal.scope,
                **portal.extra,
            },
        )
        self._portal_config[key] = {
            "client_id": answer["client_id"],
            "client_secret": answer["client_secret"],
            "name": portal.name,
            "scope": portal.scope.removesuffix(" materials"),
        }
        self._save(
            "portal.json",
            {
                "issuer": self._places.issuer,
                "url": self._places.portal,
                "port": self._places.port + 1,
                **self._portal_config,
            },
        )
        return {"url": url, "client_id": answer["client_id"]}

    def _flask(self, group: str, content: dict[str, Any]) -> dict[str, Any]:
        path = self._save(f"{group}.json", content)
        result = self._runner.invoke(args=[group, "add", str(path)])
        path.unlink()
        if result.exit_code:
            raise Stop(f"flask {group} add failed: {result.stderr.strip() or result.exception}")
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    def _save(self, name: str, content: dict[str, Any]) -> Path:
        path = self._places.files / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
        return path
