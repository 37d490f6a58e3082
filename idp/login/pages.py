"""What the pages of the sign-in show."""

from dataclasses import dataclass
from itertools import groupby
from typing import Final
from urllib.parse import urlsplit

from flask import current_app, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from connectors.contract import City, ConnectorError, SourceDisabled, UpstreamUnavailable, cities
from idp.factor import first
from idp.login import city_names, portal
from idp.login.destination import Destination, of_request
from kernel.db import reading
from kernel.errors import AppError, Invalid, Text

PROVINCE: Final = "province"
CITY_COOKIE: Final = "city"
YEAR_SECONDS: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One city to choose. ``trouble`` says why it may not work now; it is a link all the same."""

    label: str
    href: str
    own: bool
    trouble: str | None
    current: bool


def choices(destination: Destination, chosen: str | None) -> list[tuple[str, list[Chip]]]:
    """Cities by their groups, in the operator's order; ``chosen`` is the code of the one in use."""
    with reading() as db:
        found = cities(db)
    return [
        (
            city_names.full(group),
            [
                Chip(
                    label=city_names.short(one.name),
                    href=destination.on(f"/login/city/{one.code}"),
                    own=one.own_accounts,
                    trouble=one.reason,
                    current=one.code == chosen,
                )
                for one in members
            ],
        )
        for group, members in _by_group(found)
    ]


def _by_group(found: list[City]) -> list[tuple[str, list[City]]]:
    order = list(dict.fromkeys(one.group for one in found))
    ranked = sorted(found, key=lambda one: order.index(one.group))  # stable: the operator's order within a group
    return [(group, list(members)) for group, members in groupby(ranked, key=lambda one: one.group)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualCity:
    """``asked_for``: the portal named it; otherwise this device remembers it."""

    source: City
    asked_for: bool


def usual_city(destination: Destination) -> UsualCity | None:
    """The city this person probably wants, unless it is switched off."""
    asking = portal.of(destination)
    named = asking.city_hint if asking is not None else None
    code = named or request.cookies.get(CITY_COOKIE, "")
    with reading() as db:
        found = next((one for one in cities(db) if one.code == code), None) if code else None
    if found is None or found.state == "disabled":
        return None
    return UsualCity(source=found, asked_for=named is not None)


def login_page(
    destination: Destination,
    *,
    source: City | None = None,
    suggested: City | None = None,
    refusal: AppError | None = None,
) -> Response:
    """The one login page. ``source``: the form is that city's own; ``suggested``: the city this device used last."""
    asking = portal.of(destination)
    portal.let_forms_end_there(asking, destination)
    chosen = source or suggested
    page = render_template(
        "idp/login.html",
        asking=asking,
        destination=destination,
        source=source,
        source_name=city_names.full(source.name) if source else "",
        suggested=suggested,
        suggested_name=city_names.full(suggested.name) if suggested else "",
        factor=first(),
        account=request.form.get("account") or (asking.login_hint if asking else None) or "",
        faults=faults_of(refusal),
        ended="ended" in request.args,
        groups=choices(destination, chosen.code if chosen else None),
        host=urlsplit(current_app.config["PUBLIC_URL"]).netloc,
        province_href=destination.on("/login", use=PROVINCE),
    )
    return answered(page, refusal)


def faults_of(refusal: AppError | None) -> dict[str, Text]:
    """What is told beside the fields; what belongs to none is told at the password."""
    if refusal is None:
        return {}
    return refusal.fields if isinstance(refusal, Invalid) else {"password": refusal.message}


def city_trouble(source: City, destination: Destination, refusal: ConnectorError | None = None) -> Response:
    """A city that cannot be used now: why, and the other ways in."""
    name = city_names.full(source.name)
    if refusal is None:
        down = UpstreamUnavailable if source.state == "down" else SourceDisabled
        refusal = down(name, source.state)
    page = render_template(
        "idp/city.html",
        source=source,
        name=name,
        message=refusal.message,
        away=isinstance(refusal, UpstreamUnavailable),
        again=destination.on(f"/login/city/{source.code}", again="1"),
        other=destination.on("/login", use=PROVINCE),
    )
    return answered(page, refusal)


def clerk(why: str) -> Response:
    """Only a clerk can help: what does not fit is said as far as it is safe to say."""
    words = {
        "several": _("您的证件号码下有不止一个账号，需要工作人员帮您合并。"),
        "other_name": _("城市传来的姓名，和这里登记的姓名不一样。"),
        "blocked": _("您的证件号码下的账号已经停用。"),
        "other_person": _("这个城市账号以前属于另一个人。"),
    }
    message = words.get(why) or _("这个城市账号和这里登记的信息对不上。")
    return make_response(render_template("idp/link_refused.html", message=message), 409)


def ended(refusal: AppError) -> Response:
    """A sign-in that cannot go on, with the way back to where it can begin again."""
    goal = of_request()
    page = render_template(
        "idp/ended.html", message=refusal.message, again=Destination(next=goal.next).on("/login", use=PROVINCE)
    )
    return answered(page, refusal)


def remember_city(response: Response, source: City) -> Response:
    """Let this device begin with the same city next time."""
    response.set_cookie(
        CITY_COOKIE,
        source.code,
        max_age=YEAR_SECONDS,
        path="/login",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def forget_city(response: Response) -> Response:
    """Let this device begin with the province's account."""
    if CITY_COOKIE in request.cookies:
        response.delete_cookie(CITY_COOKIE, path="/login")
    return response


def answered(page: str, refusal: AppError | None) -> Response:
    """The page with the status and the headers of what was refused on it."""
    response = make_response(page, refusal.status if refusal else 200)
    response.headers.extend(refusal.headers if refusal else ())
    return response
