"""Pages of the sign-in: parse, call one act, answer."""

from flask import redirect, request
from werkzeug.wrappers import Response

from connectors.contract import ConnectorError
from idp import sessions
from idp.factor import first
from idp.login import city, destination, pages, password, second
from idp.login.destination import Destination
from idp.login.errors import Ended, Paused, WrongAnswer
from idp.login.finish import Way
from idp.login.linking import Contradiction
from kernel.db import transaction
from kernel.errors import AppError, Invalid, Unavailable
from kernel.web import Access, blueprint

login = blueprint("login", __name__, access=Access.PUBLIC)

# What the form itself can show; everything else has a page of its own.
AT_THE_FORM = (WrongAnswer, Paused, Unavailable)


@login.get("/login")
def show() -> Response:
    goal = destination.of_request()
    if sessions.current().login is not None and goal.flow is None and goal.arrival is None:
        return redirect(goal.url, 303)
    if request.args.get("use") == pages.PROVINCE:
        return pages.forget_city(pages.login_page(goal))
    usual = pages.usual_city(goal)
    if usual is not None and (usual.asked_for or usual.source.style == "password"):
        return redirect(goal.on(f"/login/city/{usual.source.code}"), 303)
    return pages.login_page(goal, suggested=usual.source if usual else None)


@login.post("/login")
def submit() -> Response:
    goal = destination.of_request()
    factor = first()
    try:
        text, answer = password.read(factor, request.form)
        asked = password.ask(factor, answer, key=text.key, who=lambda db: password.account_named(db, text))
        with transaction() as db:
            account = password.settle(db, asked)
            address = second.go_on(db, account, Way(method="password", level=factor.level, amr=factor.amr), goal)
    except Invalid as refused:
        return pages.login_page(goal, refusal=refused)
    except AT_THE_FORM as refused:
        return pages.login_page(goal, refusal=refused)
    return pages.forget_city(redirect(address, 303))


@login.get("/login/city/<code>")
def go_to_city(code: str) -> Response:
    goal, source = destination.of_request(), city.load(code)
    if source.state == "disabled" or (source.state == "down" and "again" not in request.args):
        return pages.city_trouble(source, goal)
    if source.style == "password":
        return pages.login_page(goal, source=source)
    try:
        return redirect(city.hand_over(code, goal), 303)
    except ConnectorError as refused:
        return pages.city_trouble(source, goal, refused)


@login.post("/login/city/<code>")
def ask_city(code: str) -> Response:
    goal, source = destination.of_request(), city.load(code)
    try:
        identity = city.ask_directory(source, request.form)
        response = redirect(city.arrive(source, identity, goal), 303)
    except (Invalid, *AT_THE_FORM) as refused:
        return pages.login_page(goal, source=source, refusal=refused)
    except ConnectorError as refused:
        return pages.city_trouble(source, goal, refused)
    return pages.remember_city(response, source)


@login.get("/login/city/<code>/callback")
def back_from_city(code: str) -> Response:
    source, params = city.load(code), request.args.to_dict()
    goal = Destination()
    try:
        kept = city.take_back(source, params)
        goal = kept.destination
        identity = city.complete(source, params, kept)
        response = redirect(city.arrive(source, identity, goal), 303)
    except ConnectorError as refused:
        return pages.city_trouble(source, goal, refused)
    return pages.remember_city(response, source)


@login.errorhandler(Contradiction)
def only_a_clerk(refused: Contradiction) -> Response:
    return pages.clerk(refused.why)


@login.errorhandler(Ended)
def over(refused: AppError) -> Response:
    return pages.ended(refused)
