"""The columns of case records, and what of each kind goes into the event's payload.

ID numbers, phones and addresses stay in the raw record: the payload is what the fold and the page need.
"""

import re
from datetime import timedelta
from typing import Final

from flask_babel import lazy_gettext as _

from kernel import clock
from profiles.feeds.reading import Column, Reading

Payload = dict[str, str | int | bool | list[str]]

COLUMNS: Final = (
    Column("table", "TABLE EX_TABLE TABLE_NAME 表名 数据表 环节 event", _("哪张表：SB、SL、BJ等；也可写成?table=SL")),
    Column("case_no", "SBLSH BJBH 申办流水号 办件编号 业务流水号", _("申办流水号"), required=True),
    Column("short_no", "SBLSH_SHORT 省统一流水号 省统一申办流水号", _("省统一流水号")),
    Column("version", "VERSION SJBBH 数据版本号 版本号", _("版本号，第一次1，每次重报加1")),
    Column("reported_at", "INSERTTIME INSERTIME CD_TIME 入库时间", _("来源系统中的时间；同一版本以后者为准")),
    Column("seq", "SEQ XH SPBZH ATTACH_ID ROW_GUID 序号 审批步骤号 record_id", _("同一办件在这张表内的编号")),
    Column("at", "time 发生时间 业务时间 办理时间", _("发生时间；下面各表自己的时间列也可以")),
    Column("submitted_at", "SBSJ 申办时间 申请时间 申报时间", _("SB：申请时间")),
    Column("pre_checked_at", "YSLSJ 预受理时间", _("WSYSL：预受理时间")),
    Column("accepted_at", "SLSJ YWSLSJ 受理时间", _("SL：受理时间")),
    Column("step_at", "SPSJ 审批时间", _("SPCL：审批时间")),
    Column("asked_at", "BZGZSJ BJGZSJ 补正告知时间 补交告知时间", _("BZGZ：补正告知时间")),
    Column("received_at", "BZSJ BZSLSJ BJSLSJ 补正时间 补正受理时间", _("BZSL：收到补正的时间")),
    Column("special_from", "TBCXKSRQ 特别程序开始日期 特别程序开始时间", _("TBCXSQ：开始日期")),
    Column("special_to", "TBCXJSRQ 特别程序结束日期 特别程序结束时间", _("TBCXJG：结束日期")),
    Column("closed_at", "BJSJ 办结时间", _("BJ：办结时间")),
    Column("collected_at", "LQSJ 领取时间", _("LQDJ：领取时间")),
    Column("item_code", "SXBM 事项编码 实施编码 task_code", _("事项编码，31或33位")),
    Column("item_name", "SXMC 事项名称 task_name", _("事项名称")),
    Column("applicant_kind", "SQRLX 申请人类型", _("SB：1个人，2企业，3其他")),
    Column("applicant_name", "SQRMC 申请人名称 申请人姓名 申请者名称", _("SB：申请人姓名或名称")),
    Column("applicant_id_type", "SQRZJLX 申请人证件类型 申请者证件类型", _("SB：111居民身份证，001统一社会信用代码")),
    Column("applicant_number", "SQRZJHM 申请人证件号码 申请者证件号码", _("SB：申请人证件号码（SB必填）")),
    Column("pick_up", "OBTAIN_PAPER_WAY 领取方式 LQFS", _("SB：0自取，1邮寄")),
    Column("channel", "WSSBQD 申办渠道 TJFS 提交方式 来源", _("SB：申请渠道")),
    Column("unit", "SLBMMC YSLBMMC SPBMMC BJBMMC 受理部门名称 审批部门名称 办结部门名称 body_name", _("办理的部门")),
    Column("who", "BLRXM SPRXM BZGZFCRXM BZSLBLRXM TBCXPZR 办理人姓名 审批人姓名 处理人", _("经办人姓名")),
    Column("who_no", "BLRGH SPRGH 办理人工号 审批人工号", _("经办人工号")),
    Column("status", "SLZTDM YSLZTDM 受理状态代码 预受理状态代码", _("SL、WSYSL：1受理，2或4不予受理，3要求补正")),
    Column("reason", "BSLYY BZGZYY BJGZYY TBCXQDLY TBCXQDLYHYJ ZFHTHYY ZFHTTYY 原因 理由 补正告知原因", _("原因")),
    Column("legal_limit", "GDBLSX 法定办结时限 法定办理时限", _("SL：法定时限，数字")),
    Column("legal_unit", "GDBLSXDDW GDBLSXDW 法定时限单位", _("SL：G工作日，Z自然日")),
    Column("promise_limit", "BLSX CNBLSX CNBJSX 承诺办结时限 承诺时限", _("SL：承诺时限，数字；即办件填0")),
    Column("promise_unit", "BLSXDW CNBLSXDW 承诺时限单位", _("SL：G工作日，Z自然日")),
    Column("promise_by", "CNBJSJ 承诺办结时间 承诺办结日期", _("SL：承诺办结日期，没有承诺时限时用")),
    Column("step", "SPHJDM 审批环节代码", _("SPCL：1承办，2审核，3批准")),
    Column("step_name", "SPHJMC 审批环节名称 环节名称", _("SPCL：环节名称")),
    Column("opinion", "SPYJ 审批意见 意见", _("SPCL：意见")),
    Column("materials", "BZCLQD BJCLQD 补正材料清单 补交材料清单", _("BZGZ、BZSL：材料名称，以分号隔开")),
    Column("due", "PATCH_TIMELIMIT BZJZRQ 补正期限 补正截止日期", _("BZGZ：补正截止日期，或自然日天数")),
    Column("special_kind", "TBCXZL 特别程序种类 特别程序种类代码", _("TBCXSQ：1或A延长，其他为不计入时限的程序")),
    Column("special_name", "TBCXZLMC 特别程序种类名称 特别程序名称", _("TBCXSQ：听证、检测、专家评审等")),
    Column("special_limit", "TBCXSX 特别程序时限", _("TBCXSQ：延长或需要的天数")),
    Column("special_unit", "TBCXSXDW 特别程序时限单位", _("TBCXSQ：G工作日，Z自然日")),
    Column("content", "SQNR 申请内容 TBCXJG 特别程序结果", _("TBCXSQ、TBCXJG：内容与结果")),
    Column("result", "BJJGDM 办结结果代码 办理结果代码", _("BJ：0出证1退回2作废3删除4转报5补正超时6办结7不予许可")),
    Column("result_text", "BJJGMS 办结结果描述 办理结果", _("BJ：结果的文字")),
    Column("certificate_name", "ZJGZMC 证照名称 结果证照名称", _("BJ：结果证照名称")),
    Column("material_name", "CLMC ATTACH_NAME 材料名称", _("SBCL：材料名称")),
    Column("material_kind", "CLLX 材料类型", _("SBCL：0原件，1复印件，2电子件")),
    Column("count", "CLSL 材料数量 份数", _("SBCL：份数")),
)  # fmt: skip

_COMMON: Final = {"short_no": 64, "item_code": 64, "item_name": 200, "unit": 200, "who": 100, "who_no": 64}
_TEXTS: Final = {
    "SB": {"applicant_name": 200, "channel": 20},
    "WSYSL": {"reason": 2000},
    "SL": {"reason": 2000},
    "SPCL": {"step": 20, "step_name": 100, "opinion": 2000},
    "BZGZ": {"reason": 2000},
    "BZSL": {},
    "TBCXSQ": {"special_name": 100, "reason": 2000, "content": 2000},
    "TBCXJG": {"content": 2000},
    "BJ": {"result_text": 500, "reason": 2000, "certificate_name": 200},
    "LQDJ": {},
    "SBCL": {"material_name": 200, "material_kind": 20},
}
_REFUSED: Final = frozenset({"2", "4", "不受理", "不予受理", "refused"})
_ASKS: Final = frozenset({"3", "补正", "补齐补正"})
_RESULTS: Final = {
    "granted": "0",
    "出证": "0",
    "准予": "0",
    "准予许可": "0",
    "退回": "1",
    "refused": "1",
    "不予许可": "7",
    "作废": "2",
    "void": "2",
    "删除": "3",
    "撤销": "3",
    "removed": "3",
    "转报": "4",
    "forwarded": "4",
    "补正超时": "5",
    "补正不来": "5",
    "lapsed": "5",
    "办结": "6",
    "other": "6",
}
_SEPARATORS: Final = re.compile(r"[;；\n]+")
_MOST_MATERIALS: Final = 50


def payload(reading: Reading, kind: str) -> Payload:
    """What this event tells, by our names; only what is there."""
    found: Payload = {}
    for name, most in (_COMMON | _TEXTS[kind]).items():
        text = reading.text(name, most=most)
        if text is not None:
            found[name] = text
    more = _MORE.get(kind)
    if more is not None:
        more(reading, found)
    return found


def _submission(reading: Reading, found: Payload) -> None:
    if reading.text("pick_up") in {"0", "自取", "窗口领取"}:
        found["pick_up"] = True


def _status(reading: Reading, found: Payload) -> None:
    status = (reading.text("status") or "").casefold()
    if status in _REFUSED:
        found["refused"] = True
    elif status in _ASKS:
        found["asks"] = True


def _acceptance(reading: Reading, found: Payload) -> None:
    _status(reading, found)
    for name in ("legal", "promise"):
        days = reading.number(f"{name}_limit", most=3650)
        if days is not None:
            found[f"{name}_limit"] = days
            found[f"{name}_unit"] = reading.unit(f"{name}_unit")
    promised = reading.day("promise_by")
    if promised is not None:
        found["promise_by"] = promised.isoformat()


def _notice(reading: Reading, found: Payload) -> None:
    found |= _materials(reading)
    sent = reading.value("due")
    if isinstance(sent, str) and sent.isdigit() and len(sent) < 4:  # days, no date
        asked = reading.moment("asked_at") or reading.moment("at")
        if asked is not None:
            # Calendar days where the exchange does not say which: never a later date than is meant.
            found["due"] = (clock.local(asked).date() + timedelta(days=int(sent))).isoformat()
    elif (day := reading.day("due")) is not None:
        found["due"] = day.isoformat()


def _receipt(reading: Reading, found: Payload) -> None:
    found |= _materials(reading)


def _special(reading: Reading, found: Payload) -> None:
    kind, name = reading.text("special_kind"), reading.text("special_name") or ""
    # 1 and A are 延长 in the standard and in the exchange, but A is also written for a hearing.
    if "延" in name or ((kind or "").casefold() in {"1", "a", "延长"} and not name):
        found["extends"] = True
    days = reading.number("special_limit", most=3650)
    if days is not None:
        found["days"] = days
    elif found.get("extends"):
        reading.note("missing", "special_limit")


def _closing(reading: Reading, found: Payload) -> None:
    sent = reading.text("result")
    result = _RESULTS.get((sent or "").casefold(), sent)
    if result is None and (told := reading.text("result_text")) is not None:
        result = _RESULTS.get(told)
    if result is None or not (result.isdigit() and int(result[:2]) <= 7):  # the code table ends
        reading.note("unknown_code" if result else "missing", "result")
    if result is not None:
        found["result"] = result[:20]


def _material(reading: Reading, found: Payload) -> None:
    count = reading.number("count", most=9999)
    if count is not None:
        found["count"] = count


def _materials(reading: Reading) -> Payload:
    text = reading.text("materials", most=4000)
    names = [part.strip() for part in _SEPARATORS.split(text or "") if part.strip()]
    return {"materials": names[:_MOST_MATERIALS]} if names else {}


_MORE: Final = {
    "SB": _submission,
    "WSYSL": _status,
    "SL": _acceptance,
    "BZGZ": _notice,
    "BZSL": _receipt,
    "TBCXSQ": _special,
    "BJ": _closing,
    "SBCL": _material,
}
