"""The province's name as pages write it: PROVINCE_NAME is one of these, or shown as the operator wrote it."""

from typing import Final

from flask_babel import LazyString, lazy_gettext
from flask_babel import lazy_gettext as _

KNOWN: Final = (
    *(_("北京市"), _("天津市"), _("河北省"), _("山西省"), _("内蒙古自治区"), _("辽宁省"), _("吉林省"), _("黑龙江省")),
    *(_("上海市"), _("江苏省"), _("浙江省"), _("安徽省"), _("福建省"), _("江西省"), _("山东省"), _("河南省")),
    *(_("湖北省"), _("湖南省"), _("广东省"), _("广西壮族自治区"), _("海南省"), _("重庆市"), _("四川省"), _("贵州省")),
    *(_("云南省"), _("西藏自治区"), _("陕西省"), _("甘肃省"), _("青海省"), _("宁夏回族自治区"), _("新疆维吾尔自治区")),
)
"""Listed for translators."""


def written(name: str) -> LazyString:
    """广东省 on Chinese pages, Guangdong on English ones."""
    return lazy_gettext(name)
