"""Names of cities and of their groups as the login page writes them. Cities are rows; these are their translations."""

from typing import Final

from flask_babel import get_locale
from flask_babel import gettext as translated
from flask_babel import lazy_gettext as _

KNOWN: Final = (
    *(_("广州市"), _("深圳市"), _("珠海市"), _("佛山市"), _("顺德区"), _("惠州市"), _("东莞市"), _("中山市")),
    *(_("江门市"), _("肇庆市"), _("汕头市"), _("潮州市"), _("揭阳市"), _("汕尾市"), _("湛江市"), _("茂名市")),
    *(_("阳江市"), _("韶关市"), _("河源市"), _("梅州市"), _("清远市"), _("云浮市")),
    *(_("珠三角九市（含顺德区）"), _("珠三角"), _("粤东"), _("粤西"), _("粤北")),
)
"""Listed for translators; a name that is not here is shown as the operator wrote it."""


def full(name: str) -> str:
    """As it stands in a sentence: 深圳市, Shenzhen."""
    return str(translated(name))


def short(name: str) -> str:
    """As it stands on a button among others: 深圳, Shenzhen."""
    locale = get_locale()
    if locale is not None and locale.language == "zh" and len(name) > 2:
        return name.removesuffix("市").removesuffix("区")
    return str(translated(name))
