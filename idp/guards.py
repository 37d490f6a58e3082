"""Who may open a page: the guards that wiring gives to ``kernel.web.install_guard``."""

from urllib.parse import urlencode, urlsplit

from flask import redirect, request
from flask.typing import ResponseReturnValue

from idp import sessions
from kernel.errors import Forbidden
from kernel.web import safe_next


def signed_in() -> ResponseReturnValue | None:
    """Lets people through who are signed in; sends others to the login and back to this page."""
    here = sessions.current()
    if here.login is not None:
        return None
    query = {"next": _this_page()}
    if here.lost:
        query["ended"] = "1"  # the login page says why they are asked again
    return redirect(f"/login?{urlencode(query)}", 303)


def admin() -> ResponseReturnValue | None:
    """Lets administrators through."""
    refused = signed_in()
    if refused is not None:
        return refused
    found = sessions.current().login
    if found is None or not found.account.admin:
        raise Forbidden
    return None


def _this_page() -> str:
    """The page to come back to: this one, or for a form that was sent, the page it stood on."""
    if request.method in {"GET", "HEAD"}:
        return safe_next(request.full_path.rstrip("?"), "/me")
    before = urlsplit(request.referrer or "")  # of this origin: forms of others were refused before
    return safe_next(f"{before.path}?{before.query}".rstrip("?"), "/me")
