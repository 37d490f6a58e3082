"""Two portals in one process: each an application of its own, with its own client, its own cookie, its own logins.

What a portal needs of the identity platform is in ``sign_in.py``: Authlib's Flask client, set up from discovery.
"""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request, session
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from examples.portal import apply, pages, sign_in
from examples.portal.logins import Logins

SECOND = "/second"


def create(config: dict[str, Any], _folder: Path) -> DispatcherMiddleware:
    """``config``: ``url``, ``issuer``, and for ``portal`` and ``second`` the client's id, secret, name and scope."""
    first = portal(config, config["portal"], path="", skin="first")
    others: dict[str, Any] = (
        {SECOND: portal(config, config["second"], path=SECOND, skin="second")} if "second" in config else {}
    )
    return DispatcherMiddleware(first, others)


def portal(config: dict[str, Any], client: dict[str, Any], *, path: str, skin: str) -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_hex(32),
        SESSION_COOKIE_NAME=f"portal_{skin}",  # cookies ignore ports: every demo application has its own name
        SESSION_COOKIE_PATH=path or "/",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config["url"].startswith("https://"),
        MAX_CONTENT_LENGTH=64 * 1024,
        ISSUER=config["issuer"],
        URL=config["url"] + path,
        SCOPE=client.get("scope", "openid profile identity"),
    )
    app.extensions["logins"] = Logins()
    sign_in.connect(app, client["client_id"], client["client_secret"])
    name = client.get("name", "办事门户（演示）")
    app.context_processor(
        lambda: {
            "portal": name,
            "skin": skin,
            "login": app.extensions["logins"].current(),
            "csrf_token": session.setdefault("csrf_token", secrets.token_urlsafe(16)),
            "issuer": config["issuer"],
            "other_portal": config["url"] + ("/" if path else SECOND + "/"),
        }
    )
    app.before_request(_own_forms_only)
    app.after_request(_headers)
    for part in (pages.pages, sign_in.sign_in, *([] if path else [apply.apply])):
        app.register_blueprint(part)
    sign_in.install_errors(app)
    return app


def _own_forms_only() -> None:
    """A form counts only with the token that was in the page of this browser."""
    if request.method == "POST":
        known, sent = session.get("csrf_token", ""), request.form.get("csrf_token", "")
        if not known or not secrets.compare_digest(known.encode(), sent.encode()):
            abort(400)


def _headers(response: Response) -> Response:
    """A strict policy; forms may also end at the identity platform, to which two of them lead."""
    issuer = urlsplit(current_app.config["ISSUER"])
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {issuer.scheme}://{issuer.netloc}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
