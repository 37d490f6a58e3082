"""``/device``, where a person types the code that a kiosk shows, and ``/approvals``, what portals ask from afar.

Both end in the same page: who asks, for what, in the values that would be sent; yes or no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from idp import claims, scopes, sessions
from idp.claims import ClaimLine
from idp.clients import registered
from idp.clients.registered import RegisteredClient
from idp.consent.asking import REQUIRED
from idp.consent.pages import ONCE, YEAR
from idp.cross_device import begin, decide
from idp.login import attempts
from idp.models.cross_device import CIBA, DEVICE, CrossDeviceRequest
from idp.sessions import Login
from idp.viewer import Viewer, viewer
from kernel import clock, context, limits
from kernel.db import reading, transaction
from kernel.errors import Invalid, TooMany
from kernel.web import Access, blueprint

pages = blueprint("cross_device", __name__, access=Access.SIGNED_IN)

TRIES: Final = 10
WINDOW: Final = timedelta(minutes=15)
DEVICE_PAGE: Final = "/device"
APPROVALS_PAGE: Final = "/approvals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one scope would hand over; without ``lines`` it is a right and no data."""

    scope: str
    lines: list[ClaimLine]


@pages.get(DEVICE_PAGE)
def device() -> Response:
    """The form for the code; with a code, the request it stands for."""
    text = request.args.get("user_code", "")
    if not text:
        return make_response(render_template("idp/device.html", typed="", faults={}))
    try:
        with reading() as db:
            row = _by_code(db, text)
            return _page(db, row)
    except Invalid as refused:
        page = render_template("idp/device.html", typed=text[:20], faults=refused.fields)
        return make_response(page, refused.status)


@pages.post(DEVICE_PAGE)
def device_code() -> Response:
    code = begin.typed(request.form.get("user_code", ""))
    shown = begin.shown(code) if code else request.form.get("user_code", "")[:20]
    return redirect(f"{DEVICE_PAGE}?{urlencode({'user_code': shown or ' '})}", 303)


@pages.get(APPROVALS_PAGE)
def approvals() -> Response:
    person = viewer()
    with reading() as db:
        rows = [(row, registered.find(row.client_id)) for row in decide.asked_of(db, person.account_id)]
    found = [(row, client) for row, client in rows if client is not None]
    return make_response(render_template("idp/approvals.html", requests=found))


@pages.get(f"{APPROVALS_PAGE}/<request_id>")
def approval(request_id: str) -> Response:
    person = viewer()
    with reading() as db:
        row = next((row for row in decide.asked_of(db, person.account_id) if row.id == request_id), None)
        if row is None:
            return _over()
        return _page(db, row)


@pages.post(f"{APPROVALS_PAGE}/<request_id>")
def answer(request_id: str) -> Response:
    """Yes or no, to a request of either kind."""
    login, person = _login(), viewer()
    yes = request.form.get("do") == "allow"
    with transaction() as db:
        row = decide.still_open(db, request_id)
        client = registered.find(row.client_id) if row is not None else None
        if row is None or client is None or not _may_decide(row, person):
            return _over()
        with context.bind(client_id=client.client_id):
            if yes and _elsewhere(row) and request.form.get("here") != "yes":
                return _page(db, row, {"here": _("请确认设备就在您面前。不在的话，请点“不同意”。")})
            if yes:
                # A device may be everybody's: what it was given ends soon, whatever the form says.
                life = YEAR if row.kind == CIBA and request.form.get("keep") == "year" else ONCE
                granted = frozenset(request.form.getlist("scope")) | (decide.wanted(row, client) & REQUIRED)
                decide.approve(db, row, client, login, granted=granted, until=clock.now() + life)
            else:
                decide.deny(db, row)
    page = render_template("idp/approval_done.html", name=client.name, yes=yes, kind=row.kind)
    return make_response(page)


def _may_decide(row: CrossDeviceRequest, person: Viewer) -> bool:
    """A portal's request is for whom it named. A device's is for whoever has its code: the page's form repeats it."""
    if row.kind == CIBA:
        return row.account_id == person.account_id
    return row.user_code is not None and begin.typed(request.form.get("user_code", "")) == row.user_code


def _by_code(db: Session, text: str) -> CrossDeviceRequest:
    """:raises Invalid: for a code that nothing waits for.

    :raises TooMany: for who has tried too many; then the right one does not open anything either.
    """
    seconds, place = int(WINDOW.total_seconds()), attempts.network(context.actor().address)
    misses = {f"user_code:{viewer().account_id}": TRIES, f"user_code:{place}": 20 * TRIES}
    if any(limits.reached(each, limit=most) for each, most in misses.items()):
        raise TooMany("too_many_user_codes", retry_after=seconds)
    code = begin.typed(text)
    row = decide.by_code(db, code) if code is not None else None
    if row is None:
        for each, most in misses.items():
            limits.allow(each, limit=most, window_seconds=seconds)
        message = _("没有找到这个代码。请核对设备上显示的8个字母；代码10分钟后失效，失效后请在设备上重新开始。")
        raise Invalid({"user_code": message})
    return row


def _elsewhere(row: CrossDeviceRequest) -> bool:
    """Whether the device asked from another network than this browser's. It may stand at a crook's, who sent its code
    around; so who agrees has to say that it is here (draft-ietf-oauth-cross-device-security §6.1).
    """
    asked_from = row.asked.get("address")
    return row.kind == DEVICE and attempts.network(asked_from) != attempts.network(context.actor().address)


def _page(db: Session, row: CrossDeviceRequest, faults: Mapping[str, str] | None = None) -> Response:
    client = registered.find(row.client_id)
    if client is None:
        return _over()
    person, wanted = viewer(), decide.wanted(row, client)
    asked = scopes.asked(wanted) | (wanted & {scopes.OFFLINE})
    items = [_item(db, person, scope) for scope in scopes.PERSONAL if scope in asked]
    page = render_template(
        "idp/approval.html",
        row=row,
        client=client,
        code=begin.shown(row.user_code) if row.user_code else "",
        must=[item for item in items if item.scope in REQUIRED],
        may=[item for item in items if item.scope not in REQUIRED],
        year_end=clock.local(clock.now() + YEAR),
        elsewhere=_elsewhere(row),
        faults=faults or {},
        **_nothing_asked(client),
    )
    return make_response(page, 400 if faults else 200)


def _nothing_asked(client: RegisteredClient) -> dict[str, bool]:
    """Whether the release rests on a statutory duty, so that the page asks for no consent."""
    return {"by_law": client.legal_basis is not None}


def _item(db: Session, person: Viewer, scope: str) -> Item:
    lines = claims.claims().lines(
        db, account_id=person.account_id, party_key=person.party_key, scopes=frozenset({scope})
    )
    return Item(scope=scope, lines=lines)


def _over() -> Response:
    flash(_("这个请求已经处理过，或者已经过期。"))
    return redirect(APPROVALS_PAGE, 303)


def _login() -> Login:
    login = sessions.current().login
    assert login is not None  # behind the guard
    return login
