"""/developers: what the developers of portals read without signing in."""

from flask import render_template

from idp import oauth_errors, page_faults
from kernel.web import Access, blueprint

pages = blueprint("developers", __name__, access=Access.PUBLIC, url_prefix="/developers")


@pages.get("/errors")
def errors() -> str:
    """Every OAuth error code, and those of pages: what it means and what to change. `error_uri` leads here."""
    return render_template("idp/oauth_errors.html", errors=oauth_errors.ERRORS, faults=page_faults.FAULTS)
