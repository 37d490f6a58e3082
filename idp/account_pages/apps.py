"""授权应用: who may get what, until when, and taking it back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import flash, make_response, redirect, render_template
from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from idp.consent import decide
from idp.consent.pages import TITLES
from idp.models.client import Client
from idp.models.consent import Consent
from idp.models.token import TokenFamily
from idp.viewer import viewer
from kernel import clock
from kernel.db import reading, transaction
from kernel.errors import NotFound
from kernel.web import Access, blueprint

apps = blueprint("apps", __name__, access=Access.SIGNED_IN)
PAGE = "/account/apps"


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """``gets`` is empty for one that was refused everything; ``legal_basis`` is set where no consent is needed."""

    client_id: str
    name: str
    purpose: str | None
    legal_basis: str | None
    gets: str
    since: datetime | None
    until: datetime | None
    used_at: datetime | None


@apps.get(PAGE)
def show() -> Response:
    with reading() as db:
        found = _apps(db, viewer().account_id)
    return make_response(render_template("idp/apps.html", apps=found))


@apps.get(f"{PAGE}/<client_id>/withdraw")
def ask(client_id: str) -> Response:
    with reading() as db:
        app = _agreed_to(db, viewer().account_id, client_id)
    return make_response(render_template("idp/app_withdraw.html", app=app))


@apps.post(f"{PAGE}/<client_id>/withdraw")
def withdraw(client_id: str) -> Response:
    account_id = viewer().account_id
    with transaction() as db:
        app = _agreed_to(db, account_id, client_id)
        decide.withdraw(db, client_id=client_id, account_id=account_id)
    flash(_("已撤回给%(name)s的授权。它不能再获取您的信息。", name=app.name))
    return redirect(PAGE, 303)


def _agreed_to(db: Session, account_id: str, client_id: str) -> App:
    found = next((app for app in _apps(db, account_id) if app.client_id == client_id and app.since), None)
    if found is None:
        raise NotFound
    return found


def _apps(db: Session, account_id: str) -> list[App]:
    """Every client that has a consent of the account or tokens for it, the one decided last first."""
    used = (
        select(TokenFamily.client_id, func.max(TokenFamily.rotated_at).label("at"))
        .where(TokenFamily.account_id == account_id, TokenFamily.revoked_at.is_(None))
        .group_by(TokenFamily.client_id)
        .subquery()
    )
    decided: dict[str, list[Consent]] = {}
    for kept in db.scalars(
        select(Consent)
        .where(Consent.account_id == account_id, or_(Consent.expires_at.is_(None), Consent.expires_at > clock.now()))
        .order_by(Consent.name)
    ):
        decided.setdefault(kept.client_id, []).append(kept)
    rows = db.execute(
        select(Client, used.c.at)
        .outerjoin(used, used.c.client_id == Client.id)
        .where(Client.id.in_(decided) | used.c.at.is_not(None))
        .order_by(Client.name)
    )
    found = [_app(client, decided.get(client.id, []), used_at) for client, used_at in rows]
    return sorted(found, key=lambda app: (app.since is None, -app.since.timestamp() if app.since else 0))


def _app(client: Client, decided: list[Consent], used_at: datetime | None) -> App:
    ends = [kept.expires_at for kept in decided if kept.expires_at is not None]
    return App(
        client_id=client.id,
        name=client.name,
        purpose=client.purpose,
        legal_basis=client.legal_basis,
        gets=_titles(kept.name for kept in decided if kept.granted),
        since=max((kept.decided_at for kept in decided), default=None),
        until=min(ends, default=None),
        used_at=used_at,
    )


def _titles(granted: Iterable[str]) -> str:
    comma: str = _("、")
    return comma.join(str(TITLES.get(scope, scope)) for scope in granted)
