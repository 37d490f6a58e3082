"""The addresses below /me."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from idp.contract import viewer
from kernel.web import Access, blueprint
from profiles.materials import pages as material_pages
from profiles.person import views
from profiles.subject import person

pages = blueprint("me", __name__, access=Access.SIGNED_IN, url_prefix="/me")


@pages.before_request
def identified() -> ResponseReturnValue | None:
    """An account below level 3 belongs to nobody's data yet: say what is missing and how to get it."""
    found = viewer()
    return None if found.party_key else render_template("profiles/unidentified.html", here="me", level=found.level)


@pages.get("")
def home() -> str:
    return views.home(person())


@pages.get("/cases")
def cases() -> str:
    return views.cases(person())


@pages.get("/cases/<case_id>")
def case(case_id: str) -> str:
    return views.case(person(), case_id)


@pages.get("/cases/<case_id>/due.ics")
def case_calendar(case_id: str) -> Response:
    return views.case_calendar(person(), case_id)


@pages.get("/certificates")
def certificates() -> str:
    return views.certificates(person())


@pages.get("/certificates/<certificate_id>")
def certificate(certificate_id: str) -> str:
    return views.certificate(person(), certificate_id)


@pages.get("/profile")
def profile() -> str:
    return views.profile_page(person())


@pages.get("/access")
def access() -> str:
    return views.access_page(person())


@pages.get("/materials")
def materials() -> str:
    return material_pages.releases(person())


@pages.get("/materials/<release_id>")
def material(release_id: str) -> str:
    return material_pages.release_page(person(), release_id)
