"""Sign in, sign out, and say clearly what went wrong. This is all that a portal needs to write."""

import re
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response

from examples.portal.logins import Login, Logins

sign_in = Blueprint("sign_in", __name__)

ADVICE = {
    "access_denied": "您没有同意提供信息，所以没有登录。想继续时，请再点一次登录。",
    "login_required": "统一身份认证平台上没有登录着的账号。",
    "interaction_required": "这一步要您本人在统一身份认证平台上操作。",
    "mismatching_state": "这次登录不是在这个浏览器里开始的，或者等得太久。请再点一次登录。",
    "temporarily_unavailable": "统一身份认证平台暂时忙。请稍后再试。",
    "invalid_client": "门户登记的client_id或client_secret不对。请门户的开发人员核对配置文件。",
    "invalid_scope": "门户要了没有登记的信息。请门户的开发人员核对scope。",
    "invalid_grant": "授权码已经用过或过期。请再点一次登录。",
}


def connect(app: Flask, client_id: str, client_secret: str) -> None:
    """Everything else the library reads in the discovery document."""
    OAuth(app).register(
        "kapok",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{app.config['ISSUER']}/.well-known/openid-configuration",
        client_kwargs={"scope": app.config["SCOPE"], "code_challenge_method": "S256", "timeout": 10},
    )


@sign_in.get("/login")
def login() -> ResponseReturnValue:
    """Off to the platform; ``next`` is a path of this portal to come back to."""
    target = request.args.get("next", "")
    # Browsers take //host, ///host and /\\host for another site, and drop tabs and line ends (WHATWG URL §4.4).
    session["next"] = target if re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", target) else ""
    away: Response = _kapok().authorize_redirect(f"{current_app.config['URL']}/callback")
    return away


@sign_in.get("/callback")
def callback() -> ResponseReturnValue:
    """The code becomes tokens, the ID token is verified, userinfo says the rest."""
    token = _kapok().authorize_access_token()
    claims = dict(_kapok().userinfo(token=token))
    id_claims = dict(token.pop("userinfo"))
    if claims["sub"] != id_claims["sub"]:  # OpenID Connect Core §5.3.2
        raise OAuthError("invalid_userinfo", "userinfo is about another person than the ID token")
    _logins().begin(Login(token=dict(token), id_claims=id_claims, claims=claims))
    return redirect(session.pop("next", "") or url_for("pages.home"))


@sign_in.post("/logout")
def logout() -> ResponseReturnValue:
    """Out here first, then at the platform, if it takes part (OpenID Connect RP-Initiated Logout 1.0)."""
    ended = _logins().end()
    if "end_session_endpoint" not in _kapok().load_server_metadata():
        return redirect(url_for("pages.signed_out"), 303)
    hint = ended.token.get("id_token") if ended is not None else None
    away: Response = _kapok().logout_redirect(f"{current_app.config['URL']}/", id_token_hint=hint)
    return away


def install_errors(app: Flask) -> None:
    """One page for everything that can go wrong between a portal and the platform."""
    app.register_error_handler(OAuthError, _refused)
    app.register_error_handler(JoseError, _not_believed)
    app.register_error_handler(RequestException, _no_answer)


def _refused(error: OAuthError) -> ResponseReturnValue:
    advice = ADVICE.get(error.error, "统一身份认证平台拒绝了这次请求。请再试一次；还不行，请告诉门户的服务人员。")
    return render_template("problem.html", advice=advice, code=error.error, detail=error.description or ""), 400


def _not_believed(error: JoseError) -> ResponseReturnValue:
    advice = "收到的登录信息没有通过核验，为了安全没有登录。请再点一次登录。"
    return render_template("problem.html", advice=advice, code=error.error, detail=str(error)), 400


def _no_answer(error: RequestException) -> ResponseReturnValue:
    advice = "统一身份认证平台没有回应。请稍后再试。"
    return render_template("problem.html", advice=advice, code=type(error).__name__, detail=""), 502


def _kapok() -> Any:  # Authlib has no types
    return current_app.extensions["authlib.integrations.flask_client"].kapok


def _logins() -> Logins:
    logins: Logins = current_app.extensions["logins"]
    return logins
