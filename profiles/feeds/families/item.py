"""The catalogue of service items (事项目录): code, limits, required materials, resulting certificate."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kernel.codes import item_code
from profiles.feeds.family import Entry, Told
from profiles.feeds.reading import Column, Columns, Reading, clean
from profiles.models.item import ServiceItem
from profiles.upsert import upsert

_SEPARATORS: Final = re.compile(r"[;；\n]+")
_NUMBERING: Final = re.compile(r"^\s*\d{1,3}\s*[.、．)）]\s*")
_MOST_MATERIALS: Final = 200
_CONTENT: Final = (
    "name",
    "department_id",
    "body_name",
    "type",
    "level",
    "legal_limit",
    "legal_unit",
    "promised_limit",
    "promised_unit",
    "materials",
    "result_certificate",
    "legal_basis",
    "phone",
    "version",
    "reported_at",
    "raw_id",
)


class ItemFamily:
    name = "item"
    title = _("事项目录")
    columns = Columns(
        (
            Column(
                "code",
                "SXBM SSBM 实施编码 事项编码 YWBLXBM 业务办理项编码 item_code task_code",
                _("实施编码31位，或业务办理项编码33位"),
                required=True,
            ),
            Column("name", "SXMC 事项名称 item_name task_name", _("事项名称"), required=True),
            Column("version", "VERSION SJBBH 数据版本号 task_version", _("版本号，第一次1，每次重报加1")),
            Column("reported_at", "INSERTTIME CD_TIME 入库时间", _("该记录在来源系统中的时间")),
            Column("body_name", "SSZT 实施主体 实施主体名称 dept_name", _("实施主体名称")),
            Column("type", "SXLX 事项类型 task_type", _("事项类型，两位；可由编码得出")),
            Column("level", "XSCJ 行使层级 use_level", _("行使层级，一位；可由编码得出")),
            Column("legal_limit", "FDBJSX GDBLSX 法定办结时限 anticipate_day", _("法定办结时限，数字")),
            Column("legal_unit", "FDBJSXDW GDBLSXDDW 法定办结时限单位 anticipate_type", _("G工作日，Z自然日")),
            Column("promised_limit", "CNBJSX BLSX 承诺办结时限 promise_day", _("承诺办结时限，数字；当场办结填0")),
            Column("promised_unit", "CNBJSXDW 承诺办结时限单位 promise_type", _("G工作日，Z自然日")),
            Column(
                "materials",
                "SQCL 申请材料 材料清单 CLQD",
                _("申请材料：[{code, name, required, accept}]，或以分号隔开的名称"),
            ),
            Column("result_certificate", "JGMC SPJGMC 结果名称 审批结果名称 result_name", _("审批结果证照名称")),
            Column("legal_basis", "SDYJ FLYJ 设定依据 法律依据 by_law", _("设定依据")),
            Column("phone", "ZXDH ZXFS 咨询电话 咨询方式 link_way", _("咨询电话")),
        )
    )

    def read(self, reading: Reading, *, hint: str | None) -> Told | None:  # noqa: ARG002
        sent = reading.text("code", most=64, required=True)
        name = reading.text("name", required=True)
        if sent is None or name is None:
            return None
        code = item_code.normalise(sent)
        for fault in item_code.check(code):
            reading.note(fault.code, "code")
        parts = item_code.parts(code)
        return Told(
            key=code,
            label=code,
            version=reading.version(),
            reported_at=reading.moment("reported_at"),
            value={
                "code": code,
                "name": name,
                "body_name": reading.text("body_name"),
                "type": reading.text("type", most=2) or (parts.type if parts else None),
                "level": reading.text("level", most=2) or (parts.level if parts else None),
                "legal_limit": reading.number("legal_limit", most=3650),
                "legal_unit": reading.unit("legal_unit"),
                "promised_limit": reading.number("promised_limit", most=3650),
                "promised_unit": reading.unit("promised_unit"),
                "materials": _materials(reading),
                "result_certificate": reading.text("result_certificate"),
                "legal_basis": reading.text("legal_basis", most=1000),
                "phone": reading.text("phone", most=64),
            },
        )

    def apply(self, db: Session, department_id: str, entries: Sequence[Entry]) -> None:
        best: dict[str, Entry] = {}
        for entry in entries:
            assert entry.told is not None
            key = entry.told.key
            if key not in best or entry.precedence > best[key].precedence:
                best[key] = entry
        held = {
            row.code: (row.version, row.reported_at, row.raw_id)
            for row in db.execute(
                select(ServiceItem.code, ServiceItem.version, ServiceItem.reported_at, ServiceItem.raw_id).where(
                    ServiceItem.code.in_(sorted(best))
                )
            )
        }
        rows = [
            {
                **entry.told.value,
                "department_id": department_id,
                "version": entry.told.version,
                "reported_at": entry.reported_at,
                "raw_id": entry.raw_id,
            }
            for key, entry in sorted(best.items())
            if entry.told and (key not in held or entry.precedence >= held[key])
        ]
        upsert(db, ServiceItem, rows, key=("code",), update=_CONTENT)

    def withdraw(self, db: Session, raw_ids: Sequence[str]) -> None:
        db.execute(delete(ServiceItem).where(ServiceItem.raw_id.in_(raw_ids)))


def _materials(reading: Reading) -> list[dict[str, Any]]:
    sent = reading.value("materials")
    if isinstance(sent, str):
        names = [_NUMBERING.sub("", part).strip() for part in _SEPARATORS.split(clean(sent))]
        return [_material(i, {"name": name}) for i, name in enumerate(filter(None, names), 1)][:_MOST_MATERIALS]
    if isinstance(sent, list):
        named = [one for one in sent if isinstance(one, dict) and isinstance(one.get("name"), str)]
        if len(named) < len(sent):
            reading.note("missing", "materials")
        return [_material(i, one) for i, one in enumerate(named, 1)][:_MOST_MATERIALS]
    if sent is not None:
        reading.note("not_a_scalar", "materials")
    return []


def _material(number: int, sent: Mapping[str, Any]) -> dict[str, Any]:
    code = sent.get("code")
    accept = sent.get("accept")
    return {
        "code": clean(code)[:64] if isinstance(code, str) and code else f"{number:02d}",
        "name": clean(sent["name"])[:200],
        "required": sent.get("required") not in {False, "false", "0", "否"},
        "accept": [clean(one)[:64] for one in accept if isinstance(one, str)][:20] if isinstance(accept, list) else [],
    }


plugin = ItemFamily()
