"""The addresses below /org."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from kernel.web import Access, blueprint
from profiles.enterprise.layout import surroundings
from profiles.person import views
from profiles.subject import enterprise, represented

pages = blueprint("org", __name__, access=Access.SIGNED_IN, url_prefix="/org")
pages.context_processor(surroundings)


@pages.get("")
def choose() -> ResponseReturnValue:
    """The enterprises of the person signed in."""
    return render_template("profiles/orgs.html", here="orgs", orgs=represented())


@pages.get("/<org_id>")
def home(org_id: str) -> str:
    return views.home(enterprise(org_id))


@pages.get("/<org_id>/cases")
def cases(org_id: str) -> str:
    return views.cases(enterprise(org_id))


@pages.get("/<org_id>/cases/<case_id>")
def case(org_id: str, case_id: str) -> str:
    return views.case(enterprise(org_id), case_id)


@pages.get("/<org_id>/cases/<case_id>/due.ics")
def case_calendar(org_id: str, case_id: str) -> Response:
    return views.case_calendar(enterprise(org_id), case_id)


@pages.get("/<org_id>/certificates")
def certificates(org_id: str) -> str:
    return views.certificates(enterprise(org_id))


@pages.get("/<org_id>/certificates/<certificate_id>")
def certificate(org_id: str, certificate_id: str) -> str:
    return views.certificate(enterprise(org_id), certificate_id)


@pages.get("/<org_id>/profile")
def profile(org_id: str) -> str:
    return views.profile_page(enterprise(org_id))


@pages.get("/<org_id>/access")
def access(org_id: str) -> str:
    return views.access_page(enterprise(org_id))
