"""The page that asks for consent: who wants what, in the values that would be sent, and for how long."""

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from idp import sessions
from idp.authorize import pending
from idp.consent import asking as acts
from idp.consent.asking import REQUIRED
from idp.consent.items import MARK, items
from idp.consent.wanted import Wanted
from idp.login import pages as login_pages
from idp.login.errors import Ended
from idp.models.consent import SCOPE
from idp.viewer import viewer
from kernel import clock, context, headers
from kernel.db import reading, transaction
from kernel.errors import AppError
from kernel.web import Access, blueprint

consent = blueprint("consent", __name__, access=Access.SIGNED_IN)

ONCE: Final = timedelta(hours=1)
YEAR: Final = timedelta(days=365)


@consent.get("/consent")
def show() -> Response:
    person = viewer()
    with reading() as db:
        asking = acts.asking(db, request.args.get("flow", ""), person)
        if asking.decided:
            return redirect(asking.resume, 303)
        found = items(db, asking, person)
    headers.allow_form_target(asking.request.redirect_uri)
    if (logo := asking.said("logo_uri")) is not None:
        headers.allow_image(logo)
    must = [item for item in found if item.kind == SCOPE and item.name in REQUIRED]
    page = render_template(
        "idp/consent.html",
        asking=asking,
        host=urlsplit(asking.request.redirect_uri).netloc,
        must=must,
        may=[item for item in found if item not in must],
        year_end=clock.local(clock.now() + YEAR),
        revealed="reveal" in request.args,
    )
    return make_response(page)


@consent.post("/consent")
def answer() -> Response:
    person, allowed = viewer(), request.form.get("do") == "allow"
    with transaction() as db:
        asking = acts.asking(db, request.form.get("flow", ""), person)
        with context.bind(client_id=asking.client.client_id):
            if allowed:
                acts.allow(db, asking, person, _ticked(), YEAR if request.form.get("keep") == "year" else ONCE)
            else:
                acts.refuse(db, asking, person)
    if not allowed:
        pending.deny(sessions.current(), asking.flow)
    return redirect(asking.resume, 303)


@consent.errorhandler(Ended)
def over(refused: AppError) -> Response:
    return login_pages.ended(refused)


def _ticked() -> Wanted:
    """The boxes as they came; only what is open counts."""
    ticked = request.form.getlist("scope")
    return Wanted(
        scopes=frozenset(value for value in ticked if not value.startswith(MARK)),
        claims=frozenset(value.removeprefix(MARK) for value in ticked if value.startswith(MARK)),
    )
