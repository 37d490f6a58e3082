"""What stands around an enterprise's page: its own menu, its name where a person's would stand."""

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from flask_babel import gettext

_: Callable[..., str] = gettext


def surroundings() -> dict[str, Any]:
    """The menu of the enterprise in the address; below /org itself the person's menu stays."""
    org_id = (request.view_args or {}).get("org_id")
    if org_id is None:
        return {}

    def entry(key: str, page: str, icon: str, label: str) -> tuple[str, str, str, str, int]:
        return key, icon, label, url_for(f"org.{page}", org_id=org_id), 0

    nav = (
        entry("me", "home", "home", _("企业首页")),
        entry("cases", "cases", "case", _("企业办件")),
        entry("certificates", "certificates", "card", _("企业证照")),
        entry("profile", "profile", "org", _("企业信息")),
        entry("access", "access", "eye", _("谁看过企业数据")),
        ("person", "swap", _("回到个人网页"), url_for("me.home"), 0),
    )
    tabs = (
        entry("me", "home", "home", _("首页")),
        entry("cases", "cases", "case", _("办件")),
        entry("certificates", "certificates", "card", _("证照")),
        entry("profile", "profile", "org", _("企业")),
        ("menu", "menu", _("更多"), "#menu", 0),
    )
    return {
        "site_title": _("企业专属网页"),
        "side_label": _("企业网页栏目"),
        "nav": nav,
        "tabs": tabs,
        "account_nav": (),
    }
