"""登录设备: where this account is signed in, and signing out there."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import flash, make_response, redirect, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp import login_sessions
from idp.models.session import LoginSession
from idp.viewer import viewer
from kernel import audit
from kernel.db import reading, transaction
from kernel.errors import NotFound
from kernel.web import Access, blueprint

devices = blueprint("devices", __name__, access=Access.SIGNED_IN)
PAGE = "/account/devices"

# The first that fits; engines name their relatives too, so the order matters.
_SYSTEMS: Final = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_BROWSERS: Final = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    id: str
    words: str
    address: str | None
    since: datetime
    seen_at: datetime
    here: bool


@devices.get(PAGE)
def show() -> Response:
    person = viewer()
    with reading() as db:
        found = [_device(one, person.session_id) for one in login_sessions.of_account(db, person.account_id)]
    found.sort(key=lambda one: not one.here)
    return make_response(render_template("idp/devices.html", devices=found))


@devices.post(f"{PAGE}/end")
def end() -> Response:
    """End all others."""
    person = viewer()
    with transaction() as db:
        ended = login_sessions.end(db, person.account_id, but=person.session_id)
        audit.record(db, "session.end", subject=person.account_id, details={"sessions": len(ended)})
    flash(_("其他设备都已退出。"))
    return redirect(PAGE, 303)


@devices.post(f"{PAGE}/<session_id>/end")
def end_one(session_id: str) -> Response:
    person = viewer()
    with transaction() as db:
        if not login_sessions.end(db, person.account_id, session_id=session_id, but=person.session_id):
            raise NotFound
        audit.record(db, "session.end", subject=session_id)
    flash(_("那台设备已退出。"))
    return redirect(PAGE, 303)


def _device(row: LoginSession, here: str) -> Device:
    return Device(
        id=row.id,
        words=words(row.device),
        address=row.address,
        since=row.auth_time,
        seen_at=row.last_seen_at,
        here=row.id == here,
    )


def words(agent: str) -> str:
    """A browser as its owner would name it; the header is data from outside and is only compared."""
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, agent)), None)
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, agent)), None)
    named: str = _("%(system)s，%(browser)s浏览器", system=system, browser=browser)
    unknown: str = _("其他设备")
    return named if system and browser else unknown
