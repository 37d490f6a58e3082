"""The page after somebody's first sign-in at a city: asks once, and asks the owner of an account for its proof."""

from flask import redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from idp.factor import first
from idp.login import link_page, linking, pages, password, second
from idp.login.destination import Destination
from idp.login.errors import Ended, Expired
from idp.login.finish import CITY_AMR, Way, finish
from idp.login.linking import Contradiction
from idp.login.routes import AT_THE_FORM
from idp.models.account import Account
from idp.models.link import Arrival
from kernel import crypto
from kernel.db import reading, transaction
from kernel.errors import AppError, Invalid
from kernel.web import Access, blueprint

link = blueprint("link", __name__, access=Access.PUBLIC)


@link.get("/link")
def show() -> Response:
    return link_page.render(request.args.get("arrival"))


@link.post("/link")
def answer() -> Response:
    arrival_id = request.form.get("arrival")
    try:
        address = _prove(arrival_id) if request.form.get("do") == "prove" else _open(arrival_id)
    except (Invalid, *AT_THE_FORM) as refused:
        return link_page.render(arrival_id, refusal=refused)
    return redirect(address, 303)


def _open(arrival_id: str | None) -> str:
    with transaction() as db:
        arrival = linking.waiting(db, arrival_id)
        account, made = linking.open_account(db, arrival)
        goal = _goal(arrival)
        way = Way(
            method="city",
            level=made.level,
            amr=CITY_AMR,
            source_id=made.source_id,
            upstream_session=arrival.upstream_session,
        )
        finish(db, account, way, goal)
    return goal.url


def _prove(arrival_id: str | None) -> str:
    factor = first()
    answer = factor.answer(request.form)
    with reading() as db:
        arrival = linking.waiting(db, arrival_id)
    if arrival.account_id is None:
        raise Expired

    def owner(db: Session) -> Account | None:
        return db.get(Account, arrival.account_id)

    # A counter of its own: the account is known here by its number, not by what somebody typed.
    key = crypto.blind_index("login:account", arrival.account_id)
    asked = password.ask(factor, answer, key=key, who=owner)
    goal = _goal(arrival)
    with transaction() as db:
        account = password.settle(db, asked)
        way = Way(method="password", level=factor.level, amr=factor.amr)
        proven = Destination(flow=goal.flow, next=goal.next, arrival=arrival.id)
        return second.go_on(db, account, way, proven)


def _goal(arrival: Arrival) -> Destination:
    return Destination(flow=arrival.flow, next=arrival.next)


@link.errorhandler(Contradiction)
def only_a_clerk(refused: Contradiction) -> Response:
    return pages.clerk(refused.why)


@link.errorhandler(Ended)
def over(refused: AppError) -> Response:
    return pages.ended(refused)
