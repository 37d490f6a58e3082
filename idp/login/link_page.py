"""What the page ``/link`` shows: what the city said, and whose account it may belong to."""

from dataclasses import dataclass

from flask import make_response, render_template
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from connectors.contract import cities
from idp import sessions
from idp.accounts.identity import BODY
from idp.login import city_names, linking, pages, portal
from idp.login.destination import Destination
from idp.login.matching import Match
from idp.models.account import Account
from idp.models.link import Arrival, Link
from idp.own_claims import level_words
from kernel.db import reading
from kernel.errors import AppError
from kernel.mask import mask_email, mask_id, mask_uscc


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The account that must be proven, and how it can be: by password, or by signing in at one of its cities."""

    shown: str
    password: bool
    cities: list[tuple[str, str]]


def render(arrival_id: str | None, *, refusal: AppError | None = None) -> Response:
    """The page for this browser's arrival.

    :raises Expired: when it has none of this id.
    :raises Contradiction: when only a clerk can decide.
    """
    with reading() as db:
        arrival = linking.waiting(db, arrival_id)
        source = linking.live_city(db, arrival.city_code)
        match = linking.match_of(db, source, arrival)
        if match.conflict is not None:
            raise linking.Contradiction(match.conflict)
        owner = _owner(db, match.account, arrival) if match.account else None
    goal = Destination(flow=arrival.flow, next=arrival.next)
    portal.let_forms_end_there(portal.of(goal), goal)
    page = render_template(
        "idp/link.html",
        arrival=arrival,
        city_name=city_names.full(source.name),
        rows=_rows(arrival, match),
        identified=match.identified,
        owner=owner,
        leave=goal.on("/login", use=pages.PROVINCE),
        faults=pages.faults_of(refusal),
    )
    return make_response(page, refusal.status if refusal else 200)


def _rows(arrival: Arrival, match: Match) -> list[tuple[str, str]]:
    number = arrival.id_number or ""
    body = arrival.id_type == BODY
    address = [(_("电子邮箱（用来接收提醒）"), mask_email(arrival.email))] if arrival.email else []
    return [
        (_("名称") if body else _("姓名"), arrival.name or _("没有提供")),
        (
            _("统一社会信用代码") if body else _("公民身份号码"),
            (mask_uscc(number) if body else mask_id(number)) or _("没有提供"),
        ),
        (_("账户可信等级"), level_words(arrival.level if match.identified else 2)),
        *address,
    ]


def _owner(db: Session, account: Account, arrival: Arrival) -> Owner:
    usable = {one.source_id: one for one in cities(db) if one.state != "disabled"}
    linked = db.scalars(select(Link.source_id).where(Link.account_id == account.id).order_by(Link.id))
    goal = Destination(flow=arrival.flow, next=arrival.next, arrival=arrival.id)
    return Owner(
        shown=sessions.shown_name(db, account),
        password=account.password_hash is not None,
        cities=[
            (city_names.full(usable[found].name), goal.on(f"/login/city/{usable[found].code}"))
            for found in dict.fromkeys(linked)
            if found in usable
        ],
    )
