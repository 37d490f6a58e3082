"""Proving more in the sign-in there is (RFC 9470): a code on top of what was proven, for a portal or a page of ours.

``/login/step-up?flow=…&level=3``: ``level`` is what is wanted and only chooses the page's words; whether it was reached
is decided where the person comes back to.
"""

from dataclasses import dataclass

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from idp import login_sessions, sessions
from idp.accounts import levels
from idp.authorize import pending
from idp.factor import second as second_factor
from idp.login import code, destination, pages, portal, reach
from idp.login.destination import Destination
from idp.login.errors import CodesPaused, Ended, Expired, WrongCode
from idp.login.reach import Way
from idp.login.second_routes import faults_of
from idp.own_claims import level_words
from idp.sessions import Login
from kernel import audit
from kernel.db import reading, transaction
from kernel.errors import AppError, Invalid, Unauthenticated
from kernel.web import Access, blueprint

step_up = blueprint("step_up", __name__, access=Access.SIGNED_IN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``way``: how the person who is here reaches ``level``."""

    level: int
    way: Way


@step_up.get("/login/step-up")
def show() -> Response:
    goal, login = destination.of_request(), _login()
    if int(login.acr) >= _level():
        return redirect(goal.url, 303)
    return _page(goal, login)


@step_up.post("/login/step-up")
def submit() -> Response:
    goal, login = destination.of_request(), _login()
    if request.form.get("do") == "decline":
        return _decline(goal)
    portal.of(goal)  # a code is not taken for a flow that is over
    factor = second_factor()
    try:
        given = code.ask(login.account.id, factor.answer(request.form))
        with transaction() as db:
            code.settle(db, given)
            session_id = login_sessions.step_up(db, level=factor.level, amr=factor.amr)
            audit.record(db, "login.step_up", subject=session_id, details={"level": factor.level})
    except (Invalid, WrongCode, CodesPaused) as refused:
        return _page(goal, login, refused)
    return redirect(goal.url, 303)


def _decline(goal: Destination) -> Response:
    """The person goes back to the portal without; ``/authorize/resume`` tells it."""
    here = sessions.current()
    if goal.flow is not None:
        if pending.get(here, goal.flow) is None:
            raise Expired
        pending.deny(here, goal.flow)
    return redirect(goal.url if goal.flow is not None else destination.HOME, 303)


def _page(goal: Destination, login: Login, refusal: AppError | None = None) -> Response:
    asking = portal.of(goal)
    portal.let_forms_end_there(asking, goal)
    wanted = _wanted(login)
    page = render_template(
        "idp/step_up.html",
        asking=asking,
        destination=goal,
        wanted=wanted,
        wanted_words=level_words(wanted.level),
        own_words=level_words(login.account.level),
        factor=second_factor(),
        faults=faults_of(refusal),
        again=goal.step_up(wanted.level),
        other=goal.on("/login", use=pages.PROVINCE),
    )
    return pages.answered(page, refusal)


def _wanted(login: Login) -> Wanted:
    level = _level()
    with reading() as db:
        return Wanted(level=level, way=reach.way(db, login.account, level))


def _level() -> int:
    """The level that is wanted, as the address says; what a code reaches where it says nothing sensible."""
    text = request.values.get("level", "")
    named = int(text) if text.isascii() and text.isdigit() and len(text) == 1 else 0
    return named if levels.DECLARED < named <= levels.HIGHEST else second_factor().level


def _login() -> Login:
    found = sessions.current().login
    if found is None:
        raise Unauthenticated
    return found


@step_up.errorhandler(Ended)
def over(refused: AppError) -> Response:
    return pages.ended(refused)
