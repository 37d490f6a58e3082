"""The demo city's web pages: its own home, its own sign-in, its own sign-out, and the provider's endpoints."""

import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, current_app, jsonify, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from examples.city.people import People, Person
from examples.city.provider import Provider, Refused, Request

FORM_SECONDS = 900  # how long a sign-in page may stand open
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

city = Blueprint("city", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the views work with: who lives here, the protocol, and the seal on sign-in forms."""

    people: People
    provider: Provider
    forms: URLSafeTimedSerializer


def create(config: dict[str, Any], folder: Path) -> Flask:
    """The city described by ``config``; file names in it are relative to ``folder``."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_hex(32),
        SESSION_COOKIE_NAME="city_session",  # cookies ignore ports: every demo application has its own name
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config["issuer"].startswith("https://"),
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    app.extensions["office"] = Office(
        people=People(folder / config["people"], level=config.get("level", "verified")),
        provider=Provider(config["issuer"], config["clients"]),
        forms=URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="sign-in form"),
    )
    name, hint = config.get("name", "深圳市民通行证"), config.get("hint", "")
    app.context_processor(lambda: {"city": name, "hint": hint})
    app.after_request(_headers)
    app.register_blueprint(city)
    return app


@city.get("/")
def home() -> str:
    return render_template("home.html", person=_signed_in(), browser=_browser())


@city.get("/authorize")
def authorize() -> ResponseReturnValue:
    params, provider = request.args.to_dict(), _office().provider
    try:
        provider.client(params.get("client_id", ""), params.get("redirect_uri", ""))
    except Refused as refused:  # an address we do not know is told nothing (RFC 6749 §4.1.2.1)
        return render_template("refused.html", refused=refused), 400
    try:
        asked = provider.request(params)
    except Refused as refused:
        return _back(Request.of(params), error=refused.error, error_description=refused.description)
    if asked.prompt == "none":
        person = _signed_in()
        return _granted(asked, person) if person else _back(asked, error="login_required")
    return _page(asked)


@city.post("/authorize")
def sign_in() -> ResponseReturnValue:
    asked = _asked_in_form()
    if asked is None:
        refused = Refused("invalid_request", "the sign-in page is too old, or of another browser")
        return render_template("refused.html", refused=refused), 400
    action = request.form.get("action")
    if action == "cancel":
        return _back(asked, error="access_denied", error_description="the person cancelled")
    if action == "other":
        session.clear()
        return _page(asked)
    person = _signed_in() if action == "continue" else None
    if person is None:
        person = _office().people.check(request.form.get("account", ""), request.form.get("password", ""))
        if person is None:
            return _page(asked, problem="账号或密码不正确，请检查后再试", account=request.form.get("account", "")), 401
        session.clear()  # a new sign-in, a new session
        session.update(sub=person.sub, auth_time=int(time.time()), sid=secrets.token_urlsafe(8))
    return _granted(asked, person)


@city.route("/logout", methods=["GET", "POST"])
def logout() -> ResponseReturnValue:
    """RP-initiated logout: at once with an ID token of ours, otherwise after one click."""
    provider = _office().provider
    client_id = provider.hinted_client(request.values.get("id_token_hint", ""))
    meant = client_id is not None or _own_form()
    if not meant and _signed_in():
        return render_template("sign_out.html", done=False, browser=_browser())
    session.clear()
    target = request.values.get("post_logout_redirect_uri", "")
    if client_id and provider.may_return_to(client_id, target):
        state = request.values.get("state")
        return redirect(target + (f"?{urlencode({'state': state})}" if state else ""), 303)
    return render_template("sign_out.html", done=True)


@city.get("/.well-known/openid-configuration")
def metadata() -> Response:
    return jsonify(_office().provider.metadata())


@city.get("/jwks")
def jwks() -> Response:
    return jsonify(_office().provider.jwks())


@city.post("/token")
def token() -> Response:
    authorization = request.headers.get("Authorization", "")
    return jsonify(_office().provider.exchange(request.form.to_dict(), authorization))


@city.get("/userinfo")
def userinfo() -> Response:
    return jsonify(_office().provider.userinfo(request.headers.get("Authorization", "")))


@city.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@city.errorhandler(Refused)
def refused_call(error: Refused) -> ResponseReturnValue:
    status = 401 if error.error in {"invalid_client", "invalid_token"} else 400
    return jsonify(error=error.error, error_description=error.description), status


def _office() -> Office:
    office: Office = current_app.extensions["office"]
    return office


def _signed_in() -> Person | None:
    return _office().people.by_sub(session.get("sub", ""))


def _browser() -> str:
    """A secret of this browser's session, in every form."""
    found: str = session.setdefault("browser", secrets.token_urlsafe(16))
    return found


def _own_form() -> bool:
    sent = request.form.get("csrf_token", "")
    return request.method == "POST" and secrets.compare_digest(sent.encode(), _browser().encode())


def _page(asked: Request, *, problem: str = "", account: str = "") -> str:
    """The sign-in page; the request travels in the form, sealed and bound to this browser."""
    ticket = _office().forms.dumps({"asked": asdict(asked), "browser": _browser()})
    person = None if problem or asked.prompt == "login" else _signed_in()
    return render_template("sign_in.html", person=person, ticket=ticket, problem=problem, account=account)


def _asked_in_form() -> Request | None:
    try:
        ticket = _office().forms.loads(request.form.get("csrf_token", ""), max_age=FORM_SECONDS)
    except BadData:
        return None
    return Request(**ticket["asked"]) if ticket["browser"] == session.get("browser") else None


def _granted(asked: Request, person: Person) -> ResponseReturnValue:
    grant = _office().provider.code(asked, person, auth_time=session["auth_time"], sid=session["sid"])
    return _back(asked, code=grant)


def _back(asked: Request, **answer: str) -> ResponseReturnValue:
    """The answer. After a form it goes by way of a page: Chromium holds ``form-action`` against every redirect
    that follows a form, and where the other side sends people next is not ours to know.
    """
    query = {**answer, "iss": _office().provider.issuer, **({"state": asked.state} if asked.state else {})}
    joint = "&" if urlsplit(asked.redirect_uri).query else "?"
    target = f"{asked.redirect_uri}{joint}{urlencode(query)}"
    return redirect(target) if request.method == "GET" else render_template("return.html", target=target)


def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
