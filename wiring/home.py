"""The bare address: to the personal page, or to the login for who is not signed in."""

from flask import redirect
from werkzeug.wrappers import Response

from idp.contract import maybe_viewer
from kernel.web import Access, blueprint

pages = blueprint("home", __name__, access=Access.PUBLIC)


@pages.get("/")
def home() -> Response:
    return redirect("/me" if maybe_viewer() else "/login", 303)
