"""``/login/account``: somebody is signed in, and a portal asks for a choice (``prompt=select_account``)."""

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from idp import sessions
from idp.authorize import dispatch, pending
from idp.login import destination, pages, portal
from idp.login.errors import Ended, Expired
from idp.viewer import viewer
from kernel.errors import AppError
from kernel.web import Access, blueprint

account = blueprint("account", __name__, access=Access.SIGNED_IN)


@account.get("/login/account")
def show() -> Response:
    """Continue as who is signed in here, or sign in as somebody else."""
    goal = destination.of_request()
    asking = portal.of(goal)
    if asking is None:
        raise Expired
    portal.let_forms_end_there(asking, goal)
    other = goal.on("/login", use=pages.PROVINCE)
    page = render_template("idp/account.html", asking=asking, destination=goal, person=viewer(), other=other)
    return pages.answered(page, None)


@account.post("/login/account")
def submit() -> Response:
    """Continue as who is signed in."""
    goal, here = destination.of_request(), sessions.current()
    flow = request.form.get("flow", "")
    if goal.flow is None or pending.get(here, flow) is None:
        raise Expired
    pending.settle(here, flow, dispatch.ACCOUNT)
    return redirect(goal.url, 303)


@account.errorhandler(Ended)
def over(refused: AppError) -> Response:
    return pages.ended(refused)
