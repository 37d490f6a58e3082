"""Adding an authenticator app: who one is, once more; the picture to scan; the first code it shows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

import segno
from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from connectors.contract import cities
from idp import login_sessions, sessions
from idp.account_pages.two_step import PAGE, end_others, others_ticked
from idp.factor import Factor, first, second
from idp.factors import totp
from idp.login import authenticators, city_names, code, destination, pages, password, portal
from idp.login.destination import Destination
from idp.login.errors import Blocked, CodesPaused, Paused, WrongAnswer, WrongCode
from idp.models.account import Account
from idp.models.link import Link
from idp.sessions import Login
from kernel import clock, crypto, settings
from kernel.db import reading, transaction
from kernel.errors import AppError, Conflict, Invalid, Text, Unauthenticated, Unavailable
from kernel.web import Access, blueprint

two_step_add = blueprint("two_step_add", __name__, access=Access.SIGNED_IN)
FRESH: Final = timedelta(minutes=10)
BEGUN: Final = "two_step"
"""In the session: which app is being added, and where to go when it is."""
REFUSED = (Invalid, WrongAnswer, WrongCode, Paused, CodesPaused, Unavailable, Conflict, Blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What must be proven first. ``factor`` is None where the sign-in is fresh, or only a city can tell.

    Who has an app already shows a code of it, so that neither a password nor a city's sign-in alone adds another.
    """

    factor: Factor | None
    fresh: bool
    cities: list[tuple[str, str]]


@two_step_add.get(f"{PAGE}/add")
def ask() -> Response:
    return _add_page()


@two_step_add.post(f"{PAGE}/add")
def begin() -> Response:
    login = _login()
    try:
        begun = _begin(login, _proof(login))
    except REFUSED as refusal:
        return _add_page(refusal)
    sessions.current()[BEGUN] = {"app": begun, "next": destination.of_request().next}
    return redirect(f"{PAGE}/confirm", 303)


@two_step_add.get(f"{PAGE}/confirm")
def scan() -> Response:
    return _confirm_page()


@two_step_add.post(f"{PAGE}/confirm")
def confirm() -> Response:
    login, here = _login(), sessions.current()
    begun = here.get(BEGUN) or {}
    factor = second()
    try:
        label, answer = _read(factor)
        with transaction() as db:
            app = authenticators.started(db, login.account.id, begun.get("app"))
            if app is None:
                return redirect(f"{PAGE}/add", 303)
            authenticators.confirm(db, app, answer, label)
            here.pop(BEGUN, None)
            # The sign-in that there is, and now a code: both were given in this session.
            session_id = login_sessions.step_up(db, level=factor.level, amr=factor.amr)
            end_others(db, login.account.id, session_id)
    except (Invalid, WrongCode) as refusal:
        return _confirm_page(refusal)
    flash(_("两步验证已开通。以后用密码登录，还要输入验证码。"))
    return redirect(begun.get("next") or PAGE, 303)


def _begin(login: Login, proof: Proof) -> str:
    """A new secret, once it is proven who asks for it.

    :raises Invalid: where only a city can tell, and the person has not been there again.
    """
    account_id = login.account.id
    if proof.factor is None:
        if not proof.fresh:
            raise Invalid
        with transaction() as db:
            return authenticators.start(db, account_id)
    answer = proof.factor.answer(request.form)
    if not proof.factor.begins:
        given = code.ask(account_id, answer)
        with transaction() as db:
            code.settle(db, given)
            return authenticators.start(db, account_id)
    key = crypto.blind_index("login:account", account_id)
    asked = password.ask(proof.factor, answer, key=key, who=lambda db: db.get(Account, account_id))
    with transaction() as db:
        return authenticators.start(db, password.settle(db, asked).id)


def _proof(login: Login) -> Proof:
    fresh = clock.now() - login.auth_time < FRESH
    with reading() as db:
        if authenticators.any_enrolled(db, login.account.id):
            return Proof(factor=second(), fresh=False, cities=[])
        if fresh:
            return Proof(factor=None, fresh=True, cities=[])
        has_password = login.account.password_hash is not None
        return Proof(factor=first() if has_password else None, fresh=False, cities=_cities(db, login.account.id))


def _cities(db: Session, account_id: str) -> list[tuple[str, str]]:
    usable = {one.source_id: one for one in cities(db) if one.state != "disabled"}
    linked = db.scalars(select(Link.source_id).where(Link.account_id == account_id).order_by(Link.id))
    following = destination.of_request().next
    goal = Destination(next=f"{PAGE}/add?{urlencode({'next': following})}" if following else f"{PAGE}/add")
    return [
        (city_names.full(usable[found].name), goal.on(f"/login/city/{usable[found].code}"))
        for found in dict.fromkeys(linked)
        if found in usable
    ]


def _login() -> Login:
    found = sessions.current().login
    if found is None:
        raise Unauthenticated
    return found


def _read(factor: Factor) -> tuple[str, str]:
    """The name the person gives to the app, and its first code."""
    faults: dict[str, Text] = {}
    label, answer = " ".join(request.form.get("label", "").split()), ""
    if len(label) > authenticators.LONGEST_LABEL or not label.isprintable():
        faults["label"] = _("名称最多%(n)s个字", n=authenticators.LONGEST_LABEL)
    try:
        answer = factor.answer(request.form)
    except Invalid as refused:
        faults |= refused.fields
    if faults:
        raise Invalid(faults)
    return label or str(factor.title), answer


def _add_page(refusal: AppError | None = None) -> Response:
    login, goal = _login(), destination.of_request()
    portal.let_forms_end_there(None, goal)
    page = render_template(
        "idp/two_step_add.html",
        proof=_proof(login),
        login=login,
        next=goal.next,
        faults=_faults(refusal),
    )
    return pages.answered(page, refusal)


def _faults(refusal: AppError | None) -> dict[str, Text]:
    if refusal is None or isinstance(refusal, Invalid):
        return refusal.fields if refusal else {}
    named = {WrongCode: "code", CodesPaused: "code", WrongAnswer: "password", Paused: "password"}
    return {named.get(type(refusal), "begin"): refusal.message}


def _confirm_page(refusal: AppError | None = None) -> Response:
    login, begun = _login(), sessions.current().get(BEGUN) or {}
    with reading() as db:
        app = authenticators.started(db, login.account.id, begun.get("app"))
    if app is None:
        return redirect(f"{PAGE}/add", 303)
    portal.let_forms_end_there(None, Destination(next=begun.get("next")))
    address = totp.address(app.secret, account=login.shown, issuer=_issuer())
    page = render_template(
        "idp/two_step_confirm.html",
        picture=picture(address),
        address=address,
        key=[app.secret[at : at + 4] for at in range(0, len(app.secret), 4)],
        factor=second(),
        label=request.form.get("label", ""),
        others=others_ticked(),
        faults=_faults(refusal),
    )
    return pages.answered(page, refusal)


def picture(address: str) -> Markup:
    """The address as a QR code: plain SVG elements without styles, as the pages' policy asks."""
    drawn = segno.make(address, error="l").svg_inline(omitsize=True, svgclass=None, lineclass=None, border=1)
    return Markup(drawn)  # noqa: S704  # drawn here, of squares alone


def _issuer() -> str:
    named: str = _("%(province)s统一身份认证", province=settings.of(settings.KernelSettings).province_name)
    return named
