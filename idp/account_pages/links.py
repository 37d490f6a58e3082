"""账号关联: which cities' accounts sign in to this one, adding one, taking one away."""

from dataclasses import dataclass
from datetime import datetime

from flask import flash, make_response, redirect, render_template
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from connectors.contract import City, cities
from idp import login_sessions
from idp.login import city_names, linking
from idp.models.account import Account
from idp.models.link import Link
from idp.own_claims import level_words
from idp.viewer import viewer
from kernel.db import reading, transaction
from kernel.errors import NotFound
from kernel.web import Access, blueprint

links = blueprint("links", __name__, access=Access.SIGNED_IN)
PAGE = "/account/links"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    id: str
    city: str
    level: str
    linked_at: datetime
    last_used_at: datetime
    disabled: bool


@links.get(PAGE)
def show() -> Response:
    person = viewer()
    with reading() as db:
        known = {one.source_id: one for one in cities(db)}
        own = db.scalars(select(Link).where(Link.account_id == person.account_id).order_by(Link.id)).all()
        account = db.get_one(Account, person.account_id)
    linked = [_shown(one, known) for one in own]
    taken = {one.source_id for one in own}
    more = [
        (city_names.short(one.name), f"/login/city/{one.code}?next={PAGE}")
        for one in known.values()
        if one.source_id not in taken and one.own_accounts and one.state == "ok"
    ]
    page = render_template(
        "idp/links.html",
        person=person,
        own_level=level_words(account.level),
        has_password=account.password_hash is not None,
        links=linked,
        removable=len(linked) > 1 or account.password_hash is not None,
        more=more,
    )
    return make_response(page)


@links.get(f"{PAGE}/<link_id>/remove")
def ask(link_id: str) -> Response:
    with reading() as db:
        found = _own(db, viewer().account_id, link_id)
        shown = _shown(found, {one.source_id: one for one in cities(db)})
    return make_response(render_template("idp/link_remove.html", link=shown))


@links.post(f"{PAGE}/<link_id>/remove")
def remove(link_id: str) -> Response:
    person = viewer()
    with transaction() as db:
        found = _own(db, person.account_id, link_id)
        linking.unlink(db, db.get_one(Account, person.account_id), found)
        login_sessions.end(db, person.account_id, source_id=found.source_id, but=person.session_id)
    flash(_("已取消关联。以后用这个城市账号登录，不会再进入本账号。"))
    return redirect(PAGE, 303)


def _own(db: Session, account_id: str, link_id: str) -> Link:
    found = db.scalar(select(Link).where(Link.id == link_id, Link.account_id == account_id))
    if found is None:
        raise NotFound
    return found


def _shown(link: Link, known: dict[str, City]) -> Shown:
    source = known.get(link.source_id)
    return Shown(
        id=link.id,
        city=city_names.full(source.name) if source else _("已停用的城市"),
        level=level_words(link.level),
        linked_at=link.linked_at,
        last_used_at=link.last_used_at,
        disabled=source is None or source.state == "disabled",
    )
