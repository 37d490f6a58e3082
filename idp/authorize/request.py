"""An authorization request: the draft that the checks work on, and what is left when all are passed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from flask_babel import lazy_gettext as _

from idp import page_faults
from idp.claims_request import Wish
from idp.clients.registered import RegisteredClient
from kernel.errors import AppError, Text


class PageFault(AppError):
    """The request cannot be answered to the client: the person sees a page, and there is no redirect (RFC 6749
    §4.1.2.1).
    """

    status = 400
    code = "invalid_authorization_request"
    message = _("这个网站发来的登录请求有误，登录没有开始。请联系该网站。")
    heading = _("登录没有完成")

    def for_developers(self) -> Text | None:
        return page_faults.reason(self.code)


def page_fault(code: str, message: Text, detail: str = "") -> PageFault:
    return PageFault(code, message=message, detail=detail)


MODES: Final = {
    "query": "query",
    "form_post": "form_post",
    "jwt": "query.jwt",  # JARM §2.3.4: the default of the code flow
    "query.jwt": "query.jwt",
    "form_post.jwt": "form_post.jwt",
}
"""The response modes that are offered, and what each means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Where an answer goes to the client, and how: ``mode`` is one of the values of ``MODES``."""

    client: RegisteredClient
    redirect_uri: str
    mode: str = "query"
    state: str | None = None


class Refusal(Exception):
    """The request is refused, and the client is told so (RFC 6749 §4.1.2.1)."""

    def __init__(self, error: OAuth2Error, back: Back) -> None:
        self.error, self.back = error, back
        super().__init__(error.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest:
    """A request that passed every check; JSON-able. ``started_at`` is when it came, the measure of ``prompt`` and
    ``max_age``.

    ``city_hint`` is ours: the code of the city whose sign-in the portal suggests. ``scopes`` are those that exist
    and that the client is registered for; ``hinted_sub`` is the person whom ``id_token_hint`` or ``claims`` names.
    ``wanted_acr`` are the levels that would be liked, the best liked first; ``essential_acr``, where it is not None,
    those without one of which the sign-in is worth nothing. ``claims`` are the wishes by claim, for ``id_token`` and
    for ``userinfo``, of claims that the client is registered for. ``resources`` are the interfaces that tokens are
    asked for (RFC 8707), ``dpop_jkt`` is the key that alone may redeem the code (RFC 9449 §10). ``handle`` names the
    pushed request that this is; it can be answered once.
    """

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    started_at: datetime
    code_challenge: str | None = None
    response_mode: str = "query"
    state: str | None = None
    nonce: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    hinted_sub: str | None = None
    login_hint: str | None = None
    city_hint: str | None = None
    ui_locales: str | None = None
    wanted_acr: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] | None = None
    claims: Mapping[str, Mapping[str, Wish]] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    dpop_jkt: str | None = None
    handle: str | None = None

    def back(self, client: RegisteredClient) -> Back:
        """Where its answer goes."""
        return Back(client=client, redirect_uri=self.redirect_uri, mode=self.response_mode, state=self.state)

    @property
    def scope(self) -> str:
        return " ".join(sorted(self.scopes))

    def to_json(self) -> str:
        values = asdict(self)
        values |= {"scopes": sorted(self.scopes), "prompt": sorted(self.prompt)}
        return json.dumps(values | {"started_at": self.started_at.isoformat()})

    @classmethod
    def from_json(cls, text: str) -> "AuthorizeRequest":
        values = json.loads(text)
        values["scopes"], values["prompt"] = frozenset(values["scopes"]), frozenset(values["prompt"])
        values["started_at"] = datetime.fromisoformat(values["started_at"])
        values["wanted_acr"] = tuple(values["wanted_acr"])
        if values["essential_acr"] is not None:
            values["essential_acr"] = tuple(values["essential_acr"])
        values["resources"] = tuple(values["resources"])
        values["authorization_details"] = tuple(values["authorization_details"])
        return cls(**values)


@dataclass(slots=True, kw_only=True)
class Draft:
    """The parameters as they came, and what the checks made of them. A parameter without a value counts as omitted
    (§3.1).

    ``pushed``: they came from the client itself, which has proved who it is (RFC 9126), and maybe by which key
    (``proved_jkt``, RFC 9449). ``signed``: they came in a request object; ``fault`` is what is wrong with that, kept
    until it is certain where to tell it.
    """

    parameters: Mapping[str, list[str]]
    started_at: datetime
    pushed: bool = False
    proved_jkt: str | None = None
    signed: bool = False
    fault: OAuth2Error | None = None
    client: RegisteredClient | None = None
    redirect_uri: str | None = None
    scopes: frozenset[str] = frozenset()
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    hinted_sub: str | None = None
    wanted_acr: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] | None = None
    claims: Mapping[str, Mapping[str, Wish]] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    dpop_jkt: str | None = None
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.replace(self.parameters)

    def replace(self, parameters: Mapping[str, list[str]]) -> None:
        """Other parameters count from here on."""
        self.parameters = parameters
        self.values = {name: given[0] for name, given in parameters.items() if given and given[0]}

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def every(self, name: str) -> Sequence[str]:
        """Every value of a parameter that may be repeated."""
        return [value for value in self.parameters.get(name, []) if value]

    def once(self, name: str) -> str | None:
        """Its value where it came once and says something."""
        return self.values.get(name) if len(self.parameters.get(name, [])) == 1 else None

    @property
    def known_client(self) -> RegisteredClient:
        """For the checks that come after the client's."""
        assert self.client is not None
        return self.client

    @property
    def mode(self) -> str:
        """How it is answered: as it wants, as far as that can be said and done."""
        wanted = MODES.get(self.once("response_mode") or "query", "query")
        if self.redirect_uri is not None and self.redirect_uri.startswith(("https:", "http:")):
            return wanted
        return wanted.replace("form_post", "query")  # browsers send no form to an application (RFC 8252 §7.1)

    @property
    def back(self) -> Back:
        """For the checks that come after the redirect URI's. No state where that is part of what is wrong."""
        assert self.redirect_uri is not None
        state = self.once("state")
        return Back(
            client=self.known_client,
            redirect_uri=self.redirect_uri,
            mode=self.mode,
            state=state if state is not None and state.isprintable() else None,
        )

    def finished(self) -> AuthorizeRequest:
        assert self.client is not None
        assert self.redirect_uri is not None
        return AuthorizeRequest(
            client_id=self.client.client_id,
            redirect_uri=self.redirect_uri,
            scopes=self.scopes,
            code_challenge=self.get("code_challenge"),
            response_mode=self.mode,
            started_at=self.started_at,
            state=self.get("state"),
            nonce=self.get("nonce"),
            prompt=self.prompt,
            max_age=self.max_age,
            hinted_sub=self.hinted_sub,
            login_hint=self.get("login_hint"),
            city_hint=self.get("city_hint"),
            ui_locales=self.get("ui_locales"),
            wanted_acr=self.wanted_acr,
            essential_acr=self.essential_acr,
            claims=self.claims,
            resources=self.resources,
            authorization_details=self.authorization_details,
            dpop_jkt=self.dpop_jkt,
        )
