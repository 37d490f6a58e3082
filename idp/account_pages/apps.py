"""授权应用: who may get what, for what purpose, until when, and taking it back, one item or all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from idp.clients import registered
from idp.clients.start import start_url
from idp.consent import decide, words
from idp.models.client import Client
from idp.models.consent import CLAIM, SCOPE, Consent
from idp.models.token import TokenFamily
from idp.viewer import viewer
from kernel import clock
from kernel.db import reading, transaction
from kernel.errors import NotFound, Text
from kernel.web import Access, blueprint

apps = blueprint("apps", __name__, access=Access.SIGNED_IN)
PAGE = "/account/apps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """One thing that was agreed to: a scope or a single claim."""

    kind: decide.Kind
    name: str
    purpose: str | None
    since: datetime
    until: datetime | None

    @property
    def title(self) -> Text:
        return words.title(self.kind, self.name)

    @property
    def item(self) -> str:
        """Its name in addresses and forms."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """``gets`` is empty for one that was refused everything; ``legal_basis`` is set where no consent is needed.

    ``decided`` is when the person last said something, None where nothing was asked. ``start`` opens the service.
    """

    client_id: str
    name: str
    purpose: str | None
    legal_basis: str | None
    gets: Sequence[Agreed]
    decided: datetime | None
    used_at: datetime | None
    start: str | None

    @property
    def can_be_withdrawn(self) -> bool:
        """Whether there is a consent to take back, or a sign-in that no law asks for."""
        return self.decided is not None or (self.used_at is not None and self.legal_basis is None)

    @property
    def names(self) -> str:
        comma: str = _("、")
        return comma.join(str(one.title) for one in self.gets)


@apps.get(PAGE)
def show() -> Response:
    with reading() as db:
        found = _apps(db, viewer().account_id)
    return make_response(render_template("idp/apps.html", apps=found))


@apps.get(f"{PAGE}/<client_id>/withdraw")
def ask(client_id: str) -> Response:
    with reading() as db:
        app = _withdrawable(db, viewer().account_id, client_id)
    return make_response(render_template("idp/app_withdraw.html", app=app, one=_one(app, request.args.get("item"))))


@apps.post(f"{PAGE}/<client_id>/withdraw")
def withdraw(client_id: str) -> Response:
    account_id = viewer().account_id
    with transaction() as db:
        app = _withdrawable(db, account_id, client_id)
        one = _one(app, request.form.get("item"))
        if one is None:
            decide.withdraw(db, client_id=client_id, account_id=account_id)
        else:
            decide.withdraw(db, client_id=client_id, account_id=account_id, kind=one.kind, name=one.name)
    if one is None:
        flash(_("已撤回给%(name)s的授权。它不能再获取您的信息。", name=app.name))
    else:
        flash(_("已撤回给%(name)s的一项授权：%(what)s。", name=app.name, what=one.title))
    return redirect(PAGE, 303)


def _one(app: App, item: str | None) -> Agreed | None:
    """The item that the request names; None where it means all."""
    if not item:
        return None
    found = next((one for one in app.gets if one.item == item), None)
    if found is None:
        raise NotFound
    return found


def _withdrawable(db: Session, account_id: str, client_id: str) -> App:
    found = next((app for app in _apps(db, account_id) if app.client_id == client_id and app.can_be_withdrawn), None)
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
    return sorted(found, key=lambda app: (app.decided is None, -app.decided.timestamp() if app.decided else 0))


def _app(client: Client, decided: list[Consent], used_at: datetime | None) -> App:
    running = registered.find(client.id)  # None for one that is disabled: nobody is sent there
    return App(
        client_id=client.id,
        name=client.name,
        purpose=client.purpose,
        legal_basis=client.legal_basis,
        gets=sorted(
            (_agreed(kept) for kept in decided if kept.granted), key=lambda one: words.place(one.kind, one.name)
        ),
        decided=max((kept.decided_at for kept in decided), default=None),
        used_at=used_at,
        start=start_url(running.meta) if running is not None else None,
    )


def _agreed(kept: Consent) -> Agreed:
    return Agreed(
        kind=CLAIM if kept.kind == CLAIM else SCOPE,
        name=kept.name,
        purpose=kept.purpose,
        since=kept.decided_at,
        until=kept.expires_at,
    )
