"""/admin/clients: who may ask for tokens, how each proves itself, and what is weak in it. Nothing is changed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import render_template, request, url_for
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.clients import registered, weaknesses
from idp.clients.metadata import CIBA_GRANT, DEVICE_GRANT, EXCHANGE_GRANT
from idp.models.client import PORTAL, Client, ClientSecret
from kernel import clock
from kernel.db import reading
from kernel.errors import NotFound, Text
from kernel.web import Access, blueprint

pages = blueprint("clients_admin", __name__, access=Access.ADMIN, url_prefix="/admin/clients")

_CLIENTS: Final = 30
_LONGEST: Final = 60
METHODS: Final[Mapping[str, Text]] = {
    "client_secret_basic": _("密码（请求头）"),
    "client_secret_post": _("密码（表单）"),
    "private_key_jwt": _("密钥签名"),
    "tls_client_auth": _("证书（机构签发）"),
    "self_signed_tls_client_auth": _("证书（自己签发）"),
    "none": _("不证明"),
}
GRANTS: Final[Mapping[str, Text]] = {
    "authorization_code": _("网页登录"),
    "refresh_token": _("更新令牌"),
    "client_credentials": _("以自己的名义"),
    DEVICE_GRANT: _("用户码（自助终端）"),
    EXCHANGE_GRANT: _("应用之间换令牌"),
    CIBA_GRANT: _("推送到手机确认"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLine:
    created_at: datetime
    expires_at: datetime | None
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLine:
    """``registered`` are the members as they were answered, for those who know them by name."""

    id: str
    name: str
    portal: bool
    enabled: bool
    fapi2: bool
    own_management: bool
    method: Text
    grants: tuple[Text, ...]
    scopes: tuple[str, ...]
    created_at: datetime
    purpose: str | None
    legal_basis: str | None
    redirect_uris: tuple[str, ...]
    secrets: tuple[SecretLine, ...]
    weak: tuple[Text, ...]
    registered: Mapping[str, object]


@pages.get("")
def clients() -> str:
    """The newest first, those whose name holds `q`; `after` is the last id of the page before."""
    after, search = request.args.get("after", ""), request.args.get("q", "").strip()[:_LONGEST]
    stmt = select(Client).order_by(Client.id.desc()).limit(_CLIENTS + 1)
    if search:
        stmt = stmt.where(Client.name.icontains(search, autoescape=True))
    if registered.CLIENT_ID.match(after):
        stmt = stmt.where(Client.id < after)
    with reading() as db:
        lines = _lines(db, db.scalars(stmt).all())
    more = lines[_CLIENTS - 1].id if len(lines) > _CLIENTS else None
    return render_template(
        "idp/admin_clients.html",
        lines=lines[:_CLIENTS],
        search=search,
        newer=url_for(".clients", q=search or None) if after else "",
        older=url_for(".clients", q=search or None, after=more) if more else "",
    )


@pages.get("/<client_id>")
def client(client_id: str) -> str:
    """One client with all that it registered."""
    with reading() as db:
        row = db.get(Client, client_id)
        if row is None:
            raise NotFound(detail=f"client {client_id}")
        line = _lines(db, [row])[0]
    return render_template("idp/admin_client.html", client=line)


def _lines(db: Session, rows: Sequence[Client]) -> list[ClientLine]:
    kept: dict[str, list[ClientSecret]] = {row.id: [] for row in rows}
    for secret in db.scalars(
        select(ClientSecret).where(ClientSecret.client_id.in_(kept)).order_by(ClientSecret.created_at)
    ):
        kept[secret.client_id].append(secret)
    return [_line(row, kept[row.id]) for row in rows]


def _line(row: Client, secrets: Sequence[ClientSecret]) -> ClientLine:
    m, now = registered.metadata_of(row), clock.now()
    return ClientLine(
        id=row.id,
        name=row.name,
        portal=row.kind == PORTAL,
        enabled=row.disabled_at is None,
        fapi2=m.fapi2,
        own_management=row.registration_digest is not None,
        method=METHODS.get(row.auth_method, row.auth_method),
        grants=tuple(GRANTS.get(grant, grant) for grant in row.grant_types),
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        purpose=row.purpose,
        legal_basis=row.legal_basis,
        redirect_uris=tuple(row.redirect_uris),
        secrets=tuple(
            SecretLine(
                created_at=s.created_at,
                expires_at=s.expires_at,
                live=s.expires_at is None or s.expires_at > now,
            )
            for s in secrets
        ),
        weak=tuple(weaknesses.of(m, secrets)),
        registered=row.registered,
    )
