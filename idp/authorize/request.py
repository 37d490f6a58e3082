"""An authorization request: the draft that the checks work on, and what is left when all are passed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from flask_babel import lazy_gettext as _

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


def page_fault(code: str, message: Text, detail: str = "") -> PageFault:
    return PageFault(code, message=message, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest:
    """A request that passed every check; JSON-able. ``started_at`` is when it came, the measure of ``prompt`` and
    ``max_age``.

    ``city_hint`` is ours: the code of the city whose sign-in the portal suggests. ``scopes`` are those that exist
    and that the client is registered for; ``hinted_sub`` is the person whom ``id_token_hint`` or ``claims`` names.
    ``wanted_acr`` are the levels that would be liked, the best liked first; ``essential_acr``, where it is not None,
    those without one of which the sign-in is worth nothing. ``claims`` are the wishes by claim, for ``id_token`` and
    for ``userinfo``, of claims that the client is registered for.
    """

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    code_challenge: str
    started_at: datetime
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
        return cls(**values)


@dataclass(slots=True, kw_only=True)
class Draft:
    """The parameters as they came, and what the checks made of them. A parameter without a value counts as omitted
    (§3.1).
    """

    parameters: Mapping[str, list[str]]
    started_at: datetime
    client: RegisteredClient | None = None
    redirect_uri: str | None = None
    scopes: frozenset[str] = frozenset()
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    hinted_sub: str | None = None
    wanted_acr: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] | None = None
    claims: Mapping[str, Mapping[str, Wish]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = {name: given[0] for name, given in self.parameters.items() if given and given[0]}

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    @property
    def known_client(self) -> RegisteredClient:
        """For the checks that come after the client's."""
        assert self.client is not None
        return self.client

    def finished(self) -> AuthorizeRequest:
        assert self.client is not None
        assert self.redirect_uri is not None
        return AuthorizeRequest(
            client_id=self.client.client_id,
            redirect_uri=self.redirect_uri,
            scopes=self.scopes,
            code_challenge=self.values["code_challenge"],
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
        )
