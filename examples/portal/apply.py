"""Applying for an item with what the platform already holds: ask, let the person decide there, fetch once."""

import secrets
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from examples.portal.items import ITEMS, Item
from examples.portal.logins import Login

apply = Blueprint("apply", __name__)


@apply.get("/apply/<slug>")
def show(slug: str) -> str:
    return render_template("apply.html", item=_item(slug))


@apply.post("/apply/<slug>")
def ask(slug: str) -> ResponseReturnValue:
    """Say what is needed and for what; the person goes to the preview that the platform names."""
    item, login = _item(slug), _login()
    if login is None:
        return redirect(url_for("sign_in.login", next=url_for("apply.show", slug=slug)), 303)
    state = secrets.token_urlsafe(16)
    session["asked"] = {"state": state, "slug": slug}
    answer = _call(
        "intents",
        {
            "item_code": item.code,
            "purpose": "核对申请条件，免交已有的材料",
            "return_uri": f"{current_app.config['URL']}/materials",
            "state": state,
            "subject": login.id_claims["sub"],
            "needed": [material.need() for material in item.materials],
        },
    )
    if answer.status_code != 201:
        return _problem(answer)
    return redirect(answer.json()["preview_url"], 303)


@apply.get("/materials")
def received() -> ResponseReturnValue:
    """Back from the preview: the code is good for one fetch, and only for what this browser asked."""
    login, asked = _login(), session.get("asked")
    state = request.args.get("state", "")
    if login is None or asked is None or not secrets.compare_digest(asked["state"].encode(), state.encode()):
        return render_template(
            "problem.html",
            advice="这不是在这个浏览器里开始的申请，或者已经办完。请从事项页重新开始。",
            code="mismatching_state",
            detail="",
        ), 400
    session.pop("asked")
    item = _item(asked["slug"])
    if "code" not in request.args:
        return render_template("apply.html", item=item, declined=True)
    answer = _call("redeem", {"code": request.args["code"]})
    if answer.status_code != 200:
        return _problem(answer)
    login.packages[item.slug] = answer.json()
    return redirect(url_for("apply.package", slug=item.slug))


@apply.get("/apply/<slug>/materials")
def package(slug: str) -> ResponseReturnValue:
    """What was received; a reload shows it again without fetching it again."""
    item, login = _item(slug), _login()
    if login is None or slug not in login.packages:
        return redirect(url_for("apply.show", slug=slug))
    found = login.packages[slug]
    names = {material.code: material.name for material in item.materials}
    missing = [names[code] for code in found["not_given"]]
    return render_template("received.html", item=item, package=found, missing=missing)


@apply.app_template_filter("facts")
def facts(material: dict[str, Any]) -> list[tuple[str, str]]:
    """A received material in words: label and value."""
    labels = {
        "value": "内容",
        "number": "编号",
        "holder": "持证人",
        "issuer": "签发机关",
        "issued_on": "签发日期",
        "valid_to": "有效期至",
        "source": "来源",
        "endorsement": "加注",
    }
    return [(label, str(material[name])) for name, label in labels.items() if material.get(name)]


def _item(slug: str) -> Item:
    return ITEMS.get(slug) or abort(404)


def _login() -> Login | None:
    found: Login | None = current_app.extensions["logins"].current()
    return found


def _call(what: str, body: dict[str, Any]) -> Any:  # Authlib has no types
    """One call of the reuse API with the portal's own token (client credentials, scope ``materials``)."""
    kapok = current_app.extensions["authlib.integrations.flask_client"].kapok
    token = kapok.fetch_access_token(grant_type="client_credentials", scope="materials")
    return kapok.post(f"{current_app.config['ISSUER']}/reuse/v1/{what}", json=body, token=token)


def _problem(answer: Any) -> ResponseReturnValue:
    """The platform's own words (RFC 9457), for the developer of the portal."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    detail = " ".join(f"{name}: {said[name]}" for name in ("detail", "fields", "request_id") if said.get(name))
    advice = "材料没有取到。您提供过的内容没有丢，请从事项页再试一次。"
    code = str(said.get("code", answer.status_code))
    return render_template("problem.html", advice=advice, code=code, detail=detail), 502
