"""The page that asks for consent: who wants what, in the values that would be sent, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from flask import make_response, redirect, render_template, request
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from idp import claims, scopes, sessions
from idp.authorize import pending
from idp.authorize.request import AuthorizeRequest
from idp.claims import ClaimLine
from idp.clients import registered
from idp.clients.registered import RegisteredClient
from idp.consent import decide
from idp.login import pages as login_pages
from idp.login.errors import Ended, Expired
from idp.viewer import Viewer, viewer
from kernel import audit, clock, context, headers
from kernel.db import reading, transaction
from kernel.errors import AppError, Text
from kernel.web import Access, blueprint

consent = blueprint("consent", __name__, access=Access.SIGNED_IN)

ONCE: Final = timedelta(hours=1)
YEAR: Final = timedelta(days=365)
REQUIRED: Final = frozenset({"profile", "identity"})
"""Without them nobody can be served at all; every other scope is the person's choice, unticked."""

TITLES: Final[dict[str, Text]] = {
    "profile": _("基本信息"),
    "identity": _("实名信息"),
    "email": _("电子邮箱"),
    "phone": _("手机号码"),
    "certificates": _("证照"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one scope would hand over."""

    scope: str
    title: Text
    lines: Sequence[ClaimLine]

    @property
    def sensitive(self) -> bool:
        return any(line.sensitive for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A request that waits for this person's decision."""

    flow: str
    request: AuthorizeRequest
    client: RegisteredClient
    open: frozenset[str]

    @property
    def resume(self) -> str:
        return f"/authorize/resume?{urlencode({'flow': self.flow})}"

    @property
    def required(self) -> frozenset[str]:
        return self.open & REQUIRED


@consent.get("/consent")
def show() -> Response:
    person = viewer()
    with reading() as db:
        asking = _asking(db, person)
        if not asking.open:
            return redirect(asking.resume, 303)
        items = [_item(db, person, scope) for scope in scopes.PERSONAL if scope in asking.open]
    headers.allow_form_target(asking.request.redirect_uri)
    page = render_template(
        "idp/consent.html",
        asking=asking,
        host=urlsplit(asking.request.redirect_uri).netloc,
        must=[item for item in items if item.scope in REQUIRED],
        may=[item for item in items if item.scope not in REQUIRED],
        year_end=clock.local(clock.now() + YEAR),
        revealed="reveal" in request.args,
    )
    return make_response(page)


@consent.post("/consent")
def answer() -> Response:
    person = viewer()
    with transaction() as db:
        asking = _asking(db, person)
        with context.bind(client_id=asking.client.client_id):
            if request.form.get("do") == "allow":
                _allow(db, asking, person)
            else:
                audit.record(db, "consent.given", outcome="denied", subject=asking.client.client_id)
    if request.form.get("do") != "allow":
        pending.deny(sessions.current(), asking.flow)
    return redirect(asking.resume, 303)


@consent.errorhandler(Ended)
def over(refused: AppError) -> Response:
    return login_pages.ended(refused)


def _allow(db: Session, asking: Asking, person: Viewer) -> None:
    ticked = asking.open & frozenset(request.form.getlist("scope"))
    granted = asking.required | ticked
    life = YEAR if request.form.get("keep") == "year" else ONCE
    decide.grant(
        db,
        client_id=asking.client.client_id,
        account_id=person.account_id,
        granted=granted,
        declined=asking.open - granted,
        until=clock.now() + life,
    )


def _asking(db: Session, person: Viewer) -> Asking:
    """The request that this browser's flow stands for.

    :raises Expired: for a flow that is not this browser's, or that is over.
    """
    flow = request.values.get("flow", "")
    asked = pending.get(sessions.current(), flow)
    client = registered.find(asked.client_id) if asked is not None else None
    if asked is None or client is None:
        raise Expired
    since = asked.started_at if "consent" in asked.prompt else None
    open_scopes = decide.needed(db, client, person.account_id, asked.scopes, since=since)
    return Asking(flow=flow, request=asked, client=client, open=open_scopes)


def _item(db: Session, person: Viewer, scope: str) -> Item:
    lines = claims.claims().lines(
        db, account_id=person.account_id, party_key=person.party_key, scopes=frozenset({scope})
    )
    return Item(scope=scope, title=TITLES.get(scope, scope), lines=lines)
