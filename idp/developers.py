"""/developers: what the developers of portals read without signing in."""

from flask import render_template

from idp import oauth_errors
from kernel.web import Access, blueprint

pages = blueprint("developers", __name__, access=Access.PUBLIC, url_prefix="/developers")


@pages.get("/errors")
def errors() -> str:
    """Every OAuth error code: what it means and what to change. `error_uri` leads here."""
    return render_template("idp/oauth_errors.html", errors=oauth_errors.ERRORS)
