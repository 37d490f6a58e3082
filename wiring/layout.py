"""What every page shows around its content: the menus, who is looking, how many messages wait."""

from typing import Any

from flask import Flask, g
from flask_babel import lazy_gettext as _
from werkzeug.local import LocalProxy

from idp.contract import Viewer, approvals_waiting, maybe_viewer
from kernel import db, settings
from kernel.errors import Text
from kernel.settings import KernelSettings
from profiles import panels
from wiring import province_names

Entry = tuple[str, str, Text, str, int]
"""Key, icon, words, address, count."""

PERSON: tuple[Entry, ...] = (
    ("me", "home", _("首页"), "/me", 0),
    ("cases", "case", _("我的办件"), "/me/cases", 0),
    ("certificates", "card", _("我的证照"), "/me/certificates", 0),
    ("materials", "box", _("我的材料"), "/me/materials", 0),
    ("profile", "user", _("个人信息"), "/me/profile", 0),
    ("messages", "bell", _("消息与提醒"), "/me/messages", 0),
    ("access", "eye", _("谁看过我的数据"), "/me/access", 0),
    ("orgs", "org", _("我的企业"), "/org", 0),
)
PERSON_TABS: tuple[Entry, ...] = (
    ("me", "home", _("首页"), "/me", 0),
    ("cases", "case", _("办件"), "/me/cases", 0),
    ("certificates", "card", _("证照"), "/me/certificates", 0),
    ("materials", "box", _("材料"), "/me/materials", 0),
    ("menu", "user", _("我的"), "#menu", 0),
)
ACCOUNT: tuple[Entry, ...] = (
    ("links", "link", _("账号关联"), "/account/links", 0),
    ("apps", "apps", _("授权应用"), "/account/apps", 0),
    ("devices", "phone", _("登录设备"), "/account/devices", 0),
    ("two-step", "shield", _("两步验证"), "/account/two-step", 0),
    ("preferences", "a11y", _("显示与无障碍"), "/account/preferences", 0),
)
ADMIN: tuple[Entry, ...] = (
    ("clients", "apps", _("接入应用"), "/admin/clients", 0),
    ("feeds", "db", _("数据报送"), "/admin/feeds", 0),
)


def _viewer() -> Viewer | None:
    if "viewer" not in g:
        g.viewer = maybe_viewer()
    found: Viewer | None = g.viewer
    return found


def _unread() -> int:
    """Asked only by pages that show it, once a page."""
    if "unread" not in g:
        viewer, port = _viewer(), panels.messages()
        g.unread = 0
        if viewer is not None and port is not None:
            with db.reading() as reading:
                g.unread = port.unread(reading, viewer.account_id)
    return int(g.unread)


def _approvals() -> int:
    """How many portals wait for this person's word; asked once a page."""
    if "approvals" not in g:
        viewer = _viewer()
        g.approvals = 0
        if viewer is not None:
            with db.reading() as reading:
                g.approvals = approvals_waiting(reading, viewer.account_id)
    return int(g.approvals)


def _account() -> tuple[Entry, ...]:
    """What waits for minutes stands first, and only while it waits."""
    waiting = _approvals()
    first = (("approvals", "check", _("待确认的请求"), "/approvals", waiting),) if waiting else ()
    return (*first, *ACCOUNT)


def _context() -> dict[str, Any]:
    unread = LocalProxy(_unread)
    return {
        "site_title": _("市民个人网页"),
        "side_label": _("个人网页栏目"),
        "viewer": LocalProxy(_viewer),
        "unread": unread,
        "nav": [(*entry[:4], unread) if entry[0] == "messages" else entry for entry in PERSON],
        "tabs": PERSON_TABS,
        "account_nav": LocalProxy(_account),
        "approvals": LocalProxy(_approvals),
        "admin_nav": ADMIN,
    }


def install(app: Flask) -> None:
    mine = settings.of(KernelSettings)
    app.context_processor(_context)
    # Macros imported without context need it too.
    app.jinja_env.globals["province_name"] = province_names.written(mine.province_name)
    app.jinja_env.globals["environment"] = _("演示环境") if mine.demo else None
