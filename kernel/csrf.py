"""Forms are taken from our own pages only: a token tied to the browser, and the origin that the browser names."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _
from flask_wtf.csrf import CSRFError, CSRFProtect

from kernel.errors import Forbidden

_protect = CSRFProtect()
_open: set[Callable[..., Any]] = set()
View = TypeVar("View", bound=Callable[..., Any])


def from_any_site(view: View) -> View:
    """Let forms of other sites be sent to this view (OAuth's POST to /authorize). It must do nothing to the person."""
    _open.add(view)
    _protect.exempt(view)
    return view


class ForeignForm(Forbidden):
    """The form does not come from a page of ours, or from one that is too old."""

    code = "form_expired"
    status = 400
    message = _("这个页面打开得太久，或者不是从本站打开的，为了安全没有提交。请返回上一页，刷新后再提交一次。")


def _check_origin() -> None:
    """Refuse what says that it comes from elsewhere (RFC 6454 §7; Fetch Metadata); silence is left to the token.

    The Host header was replaced by PUBLIC_URL at the door, so ``host_url`` is ours.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if current_app.view_functions.get(request.endpoint or "") in _open:
        return
    ours = request.host_url.rstrip("/")
    origin = request.headers.get("Origin")
    if origin is not None and origin != ours:
        raise ForeignForm("foreign_origin", detail=f"Origin {origin[:200]}")
    referrer = request.headers.get("Referer")
    if origin is None and referrer is not None and not f"{referrer}/".startswith(f"{ours}/"):
        raise ForeignForm("foreign_origin", detail="Referer of another origin")
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ForeignForm("foreign_origin", detail="Sec-Fetch-Site: cross-site")


def install(app: Flask) -> None:
    app.before_request(_check_origin)
    # The token lives as long as the browser's session: who needs an hour for a form must not lose it (WCAG 2.2.1).
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.config["WTF_CSRF_SSL_STRICT"] = False  # the check above does it, by PUBLIC_URL
    _protect.init_app(app)


def refusal(error: CSRFError) -> ForeignForm:
    return ForeignForm(detail=str(error.description))
