"""两步验证: which authenticator apps the account has, and taking one away. ``two_step_add`` adds one."""

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from idp import login_sessions
from idp.factor import second
from idp.login import authenticators, code, pages
from idp.login.errors import CodesPaused, WrongCode
from idp.login.second_routes import faults_of
from idp.viewer import viewer
from kernel.db import reading, transaction
from kernel.errors import AppError, Invalid, NotFound
from kernel.web import Access, blueprint

two_step = blueprint("two_step", __name__, access=Access.SIGNED_IN)
PAGE = "/account/two-step"


@two_step.get(PAGE)
def show() -> Response:
    with reading() as db:
        apps = authenticators.enrolled(db, viewer().account_id)
    return make_response(render_template("idp/two_step.html", apps=apps, most=authenticators.MOST))


@two_step.get(f"{PAGE}/<app_id>/remove")
def ask(app_id: str) -> Response:
    return _page(app_id)


@two_step.post(f"{PAGE}/<app_id>/remove")
def remove(app_id: str) -> Response:
    """With a code that was not used before, of any of the account's apps: a session alone takes nothing away."""
    person = viewer()
    try:
        given = code.ask(person.account_id, second().answer(request.form))
        with transaction() as db:
            code.settle(db, given)
            authenticators.remove(db, person.account_id, app_id)
            end_others(db, person.account_id, person.session_id)
            left = authenticators.any_enrolled(db, person.account_id)
    except (Invalid, WrongCode, CodesPaused) as refusal:
        return _page(app_id, refusal)
    flash(_("这个身份验证器已移除。") if left else _("两步验证已关闭。以后用密码登录，不再要验证码。"))
    return redirect(PAGE, 303)


def end_others(db: Session, account_id: str, session_id: str) -> None:
    """Sign out everywhere else, where the person has ticked it."""
    if request.form.get("others"):
        login_sessions.end(db, account_id, but=session_id)


def others_ticked() -> bool:
    """Ticked on the fresh page: who changes how to sign in seldom wants sessions of before to go on."""
    return request.method == "GET" or "others" in request.form


def _page(app_id: str, refusal: AppError | None = None) -> Response:
    with reading() as db:
        apps = authenticators.enrolled(db, viewer().account_id)
    app = next((one for one in apps if one.id == app_id), None)
    if app is None:
        raise NotFound
    page = render_template(
        "idp/two_step_remove.html",
        app=app,
        last=len(apps) == 1,
        factor=second(),
        others=others_ticked(),
        faults=faults_of(refusal),
    )
    return pages.answered(page, refusal)
