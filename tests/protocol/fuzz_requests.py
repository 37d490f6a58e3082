"""One good request of every kind, for fuzzing to spoil: what is wrong everywhere is refused before it is looked at."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from idp.accounts import login_names
from idp.clients.metadata import CIBA_GRANT, DEVICE_GRANT
from idp.endpoint import Endpoint, endpoints
from idp.grant import grants
from idp.models.account import LoginName
from kernel.db import transaction
from tests.protocol.client_keys import Prover, key_client
from tests.protocol.parties import CALLBACK, ISSUER, Op, Person, Pkce, Portal
from tests.protocol.registrar import GOOD as REGISTRATION
from tests.protocol.registrar import invite, register

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
API = "https://b.example.gov.cn/api"
VERIFIER = Pkce()


@dataclass(kw_only=True)
class Asked:
    """A request that an endpoint accepts. ``body`` stands for JSON in the form's place."""

    method: str
    path: str
    form: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """As a client of tests takes it."""
        sent = {"data": self.form} if self.body is None else {"json": self.body}
        return {"method": self.method, "headers": self.headers, **sent}


class Requests:
    """Good requests, by kind; each call makes one that was not used."""

    def __init__(self, op: Op) -> None:
        self.op = op
        target = op.portal(redirect_uris=["https://b.example.gov.cn/cb"], resource_uris=[API])
        self.portal: Portal = op.portal(
            grant_types=sorted(grants()),
            token_exchange_audiences=[target.client_id],
            backchannel_token_delivery_mode="poll",
            post_logout_redirect_uris=["https://portal.example.gov.cn/bye"],
            scope="openid profile email materials offline_access",
        )
        self.target = target
        self.speaker = key_client(op)
        self.person: Person = op.person(level=4).sign_in(level=4)
        op.consent(self.person, self.portal, "profile", "email")
        with transaction() as db:
            name = login_names.read("zhangsan-2026")
            db.add(LoginName(key=name.key, account_id=self.person.account_id, kind="username", shown="zhangsan-2026"))
        self.invitation = invite()
        self.tokens = op.tokens(self.portal, self.person)
        self._kinds: dict[str, Callable[[], Asked]] = {
            "par": lambda: self._form("/par", **self.authorization()),
            "device_authorization": lambda: self._form("/device_authorization", scope="openid profile"),
            "bc_authorize": lambda: self._form("/bc-authorize", scope="openid", login_hint="zhangsan-2026"),
            "introspect": lambda: self._form("/introspect", token=self.tokens["access_token"], token_type_hint="x"),
            "revoke": lambda: self._form("/revoke", token=self._refresh_token(), token_type_hint="refresh_token"),
            "userinfo": self._userinfo,
            "register": self._register,
            "register_client": self._manage,
            "token:authorization_code": self._code,
            "token:refresh_token": lambda: self._grant("refresh_token", refresh_token=self._refresh_token()),
            "token:client_credentials": self._machine,
            f"token:{DEVICE_GRANT}": self._device,
            f"token:{CIBA_GRANT}": self._ciba,
            f"token:{EXCHANGE}": self._exchange,
        }

    def kinds(self) -> list[str]:
        """Of every endpoint of the machine door, and of every grant; from what there is, not from the list above."""
        called = [e for e in endpoints().values() if e.handle is not None]
        return sorted(
            kind
            for endpoint in called
            for kind in ([f"token:{name}" for name in grants()] if endpoint.name == "token" else [endpoint.name])
        )

    def make(self, kind: str) -> Asked:
        if kind in self._kinds:
            return self._kinds[kind]()
        found: Endpoint = endpoints()[kind]
        return Asked(method=found.methods[-1], path=found.path.replace("<path:path>", "feeds/v1"))

    def authorization(self) -> dict[str, str]:
        return {
            "response_type": "code",
            "client_id": self.portal.client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid profile",
            "state": "s",
            "nonce": "n",
            "code_challenge": VERIFIER.challenge,
            "code_challenge_method": "S256",
        }

    def _form(self, path: str, **form: str) -> Asked:
        return Asked(method="POST", path=path, form=form, headers=self.portal.basic)

    def _grant(self, grant_type: str, **form: str) -> Asked:
        return self._form("/token", grant_type=grant_type, **form)

    def _refresh_token(self) -> str:
        return str(self.op.tokens(self.portal, self.person)["refresh_token"])

    def _code(self) -> Asked:
        code = self.person.code(self.portal, VERIFIER)
        return self._grant(
            "authorization_code",
            code=code,
            redirect_uri=CALLBACK,
            code_verifier=VERIFIER.verifier,
            resource="",
            dpop_jkt="",
        )

    def _machine(self) -> Asked:
        form = {"grant_type": "client_credentials", "scope": "feeds:cases", "resource": "", **self.speaker.form()}
        return Asked(method="POST", path="/token", form=form, headers=Prover().sent())

    def _device(self) -> Asked:
        begun = self.op.machine.post(
            "/device_authorization", base_url=ISSUER, data={"scope": "openid"}, headers=self.portal.basic
        ).json
        return self._grant(DEVICE_GRANT, device_code=(begun or {}).get("device_code", "x"))

    def _ciba(self) -> Asked:
        begun = self.op.machine.post(
            "/bc-authorize",
            base_url=ISSUER,
            data={"scope": "openid", "login_hint": "zhangsan-2026"},
            headers=self.portal.basic,
        ).json
        return self._grant(CIBA_GRANT, auth_req_id=(begun or {}).get("auth_req_id", "x"))

    def _exchange(self) -> Asked:
        kind = "urn:ietf:params:oauth:token-type:access_token"
        return self._grant(
            EXCHANGE,
            subject_token=self.tokens["access_token"],
            subject_token_type=kind,
            audience=self.target.client_id,
            resource="",
            requested_token_type=kind,
            actor_token="",
            actor_token_type="",
            scope="openid",
        )

    def _userinfo(self) -> Asked:
        return Asked(method="POST", path="/userinfo", form={"access_token": self.tokens["access_token"]})

    def _register(self) -> Asked:
        headers = {"Authorization": f"Bearer {self.invitation}"}
        return Asked(method="POST", path="/register", body=dict(REGISTRATION), headers=headers)

    def _manage(self) -> Asked:
        made = register(self.op, self.invitation).json or {}
        headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
        body = dict(REGISTRATION) | {"client_id": made["client_id"]}
        return Asked(method="PUT", path=urlsplit(made["registration_client_uri"]).path, body=body, headers=headers)
