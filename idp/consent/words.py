"""Scopes and claims as people call them."""

from typing import Final

from flask_babel import lazy_gettext as _

from idp import scopes
from idp.models.consent import CLAIM
from kernel.errors import Text

TITLES: Final[dict[str, Text]] = {
    "profile": _("基本信息"),
    "identity": _("实名信息"),
    "email": _("电子邮箱"),
    "phone": _("手机号码"),
    "certificates": _("证照"),
    scopes.OFFLINE: _("您不在时也能使用"),
}
CLAIMS: Final[dict[str, Text]] = {
    "name": _("姓名"),
    "locale": _("页面语言"),
    "id_number": _("证件号码"),
    "level": _("实名核验结果"),
    "email": _("电子邮箱"),
    "phone_number": _("手机号码"),
    "certificates": _("证照"),
}


def title(kind: str, name: str) -> Text:
    return (CLAIMS if kind == CLAIM else TITLES).get(name, name)


def place(kind: str, name: str) -> tuple[bool, int]:
    """Where it stands in a list: scopes before single claims, each in the order above."""
    known = list(CLAIMS if kind == CLAIM else TITLES)
    return kind == CLAIM, known.index(name) if name in known else len(known)
