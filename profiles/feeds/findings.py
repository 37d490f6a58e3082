"""What can be said about a record: stable codes, each with what is wrong and what to do.

A finding is stored as field, code and arguments; its words are chosen when it is shown.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from kernel.codes import certificate_id, citizen_id, division, item_code, uscc

Text: TypeAlias = str | LazyString


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`field` is the sender's own column name, None when the whole record is meant."""

    code: str
    field: str | None = None
    args: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        return {"field": self.field, "code": self.code, "args": dict(self.args)}


@dataclass(frozen=True, slots=True)
class Words:
    message: Text
    remedy: Text


WORDS: Final[dict[str, Words]] = {
    "invalid_json": Words(_("第%(line)s行第%(column)s列起不是正确的JSON"), _("每行写一个完整的JSON对象，用UTF-8")),
    "not_an_object": Words(_("这条记录不是JSON对象"), _("每条记录写成{字段: 值}")),
    "too_long_record": Words(_("这条记录超过%(most)s字节"), _("附件另行报送，不要写进字段")),
    "broken_row": Words(
        _("第%(line)s行的引号不成对或放错了位置"), _("含逗号、引号、换行的单元格用双引号括起，里面的双引号写两个")
    ),
    "too_many_cells": Words(
        _("这一行有%(found)s格，表头只有%(expected)s列，数据已错位"),
        _("检查多出的分隔符，含分隔符的单元格用双引号括起"),
    ),
    "too_few_cells": Words(_("这一行只有%(found)s格，表头有%(expected)s列"), _("空的单元格也要保留分隔符")),
    "lost_precision": Words(_("表格软件把长数字变成了数值，后几位已丢失"), _("把该列设为文本格式后重新填写")),
    "no_known_column": Words(
        _("没有一个认识的列名"), _("列名见报送说明，EX_GDBS、GB/T 39046、GB/T 36903和英文名都可以")
    ),
    "missing": Words(_("缺少必填的内容"), _("补填后重报，版本号加1")),
    "too_long": Words(_("内容超过%(most)s个字，已截断"), _("缩短内容，或者填到备注字段")),
    "bad_characters": Words(_("含有不可用的控制字符，已替换"), _("从源系统清除控制字符后重报")),
    "not_a_scalar": Words(_("应为一个值，不是列表或对象"), _("按报送说明填一个值")),
    "bad_date": Words(_("日期或时间无法识别"), _("写成2026-03-18或2026-03-18 09:12:00")),
    "future_time": Words(_("业务时间晚于现在"), _("核对服务器时钟和填写的时间")),
    "bad_number": Words(_("不是0到%(most)s之间的整数"), _("只填数字")),
    "bad_version": Words(_("版本号不是1到9999的整数，按1处理"), _("第一次报送填1，每次重报加1")),
    "version_reused": Words(_("同一版本号报过不同的内容，以后报的为准"), _("内容有变化时把版本号加1")),
    "unknown_table": Words(_("看不出是哪张表的记录"), _("填写table字段，或在网址后加?table=SL")),
    "unknown_code": Words(_("代码不在代码表内，原样保留"), _("核对代码表")),
    "unknown_unit": Words(_("时限单位无法识别，按工作日计算"), _("工作日填G，自然日填Z")),
    "unknown_status": Words(_("证照状态无法识别，显示为未知"), _("填有效、暂扣、撤销、注销、失效之一")),
    "unknown_id_type": Words(_("证件类型与号码对不上"), _("自然人填111和身份证号码，企业填001和统一社会信用代码")),
    "gender_differs": Words(_("性别与身份证号码不一致"), _("对照证件核对")),
    "birth_date_differs": Words(_("出生日期与身份证号码不一致"), _("对照证件核对")),
    "ends_before_start": Words(_("有效期的结束早于开始"), _("核对有效期")),
    "not_interpreted": Words(_("这条记录没有办成，已原样保留，平台会再次处理"), _("不用重报；需要询问时请提供批次号")),
}
_FAULTS: Final = (
    *citizen_id.FAULTS,
    *uscc.FAULTS,
    *item_code.FAULTS,
    *certificate_id.FAULTS,
    *division.FAULTS,
)
WORDS.update({fault.code: Words(fault.message, fault.remedy) for fault in _FAULTS})


def told(stored: Mapping[str, Any]) -> dict[str, str | None]:
    """A stored finding as the sender reads it: `{field, code, message, remedy}`."""
    words = WORDS.get(stored["code"]) or Words(stored["code"], "")
    args = stored.get("args") or {}
    return {
        "field": stored.get("field"),
        "code": stored["code"],
        "message": str(words.message) % args if args else str(words.message),
        "remedy": str(words.remedy),
    }
