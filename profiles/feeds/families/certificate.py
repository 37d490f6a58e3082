"""Certificates and approvals (证照、批文): names of GB/T 36903, pinyin names, national exchange names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from kernel.codes import certificate_id
from kernel.crypto import blind_index
from profiles.certificates.record import FOREVER, Issued, record, withdraw
from profiles.feeds.family import Entry, Told
from profiles.feeds.parties import record_parties
from profiles.feeds.reading import Column, Columns, Reading
from profiles.feeds.subject import Subject, identify

STATUSES: Final = {
    "": "valid",
    "01": "valid",
    "1": "valid",
    "有效": "valid",
    "正常": "valid",
    "在用": "valid",
    "valid": "valid",
    "02": "suspended",
    "2": "suspended",
    "暂扣": "suspended",
    "扣押": "suspended",
    "冻结": "suspended",
    "suspended": "suspended",
    "03": "revoked",
    "3": "revoked",
    "撤销": "revoked",
    "吊销": "revoked",
    "撤回": "revoked",
    "07": "revoked",
    "7": "revoked",
    "revoked": "revoked",
    "04": "cancelled",
    "4": "cancelled",
    "注销": "cancelled",
    "作废": "cancelled",
    "cancelled": "cancelled",
    "05": "lapsed",
    "5": "lapsed",
    "失效": "lapsed",
    "过期": "lapsed",
    "到期": "lapsed",
    "lapsed": "lapsed",
    "06": "suspended",
    "6": "suspended",
    "转移中": "suspended",
    "办理转移": "suspended",
}
"""What departments write → what the page shows. No status means valid: most report valid ones only."""
_ENDLESS: Final = frozenset({"长期", "长期有效", "永久", "永久有效", "无", "99991231", "9999-12-31", "-"})
_IDENTIFIER_STEP: Final = 10_000
"""A reissue (identifier version) outranks every re-report (record version) of the issue before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    subject: Subject
    row: dict[str, Any]


class CertificateFamily:
    name = "certificate"
    title = _("证照与批文")
    columns = Columns(
        (
            Column("identifier", "ZZBS certificate_identifier 电子证照标识 证照标识", _("电子证照标识，GB/T 36904")),
            Column("number", "ZZBH certificate_number 证照编号 证照号码 证书编号", _("证照编号"), required=True),
            Column("type_code", "ZZLXDM certificate_type_code 证照类型代码", _("证照类型代码，21位")),
            Column("type_name", "ZZLXMC certificate_type_name 证照类型名称", _("证照类型名称")),
            Column("name", "ZZMC certificate_name 证照名称 证书名称", _("证照名称"), required=True),
            Column("version", "VERSION SJBBH 数据版本号 certificate_version", _("版本号，第一次1，每次重报加1")),
            Column("reported_at", "INSERTTIME CD_TIME 入库时间 更新时间", _("该记录在来源系统中的时间")),
            Column("issuer", "ZZBFJG issuing_authority_name 颁发机构 发证机关", _("颁发机构"), required=True),
            Column("issuer_code", "ZZBFJGDM issuing_authority_code 颁发机构代码", _("颁发机构的统一社会信用代码")),
            Column("issued_on", "ZZBFRQ issue_date 颁发日期 发证日期", _("颁发日期")),
            Column("holder_name", "CZZT holder 持证主体 持证人 CZZTMC", _("持证主体名称")),
            Column(
                "holder_number",
                "CZZTDM holder_code 持证主体代码 证件号码 CZZTZJHM",
                _("持证主体的证件号码"),
                required=True,
            ),
            Column(
                "holder_type",
                "CZZTDMLXDM CZZTDMLX holder_type_code 持证主体代码类型",
                _("证件类型：111居民身份证，001统一社会信用代码"),
            ),
            Column("valid_from", "ZZYXQQSRQ validate_start 有效期起 有效期起始日期", _("有效期起始日期")),
            Column(
                "valid_to",
                "ZZYXQJZRQ validate_end 有效期止 有效期截止日期 有效期至",
                _("有效期截止日期；长期有效的不填或填“长期”"),
            ),
            Column("status", "ZZZT certificate_status 证照状态", _("证照状态：有效、暂扣、撤销、注销、失效")),
            Column("area_code", "XZQHDM 行政区划代码 KZ_XZQHDM", _("行政区划代码")),
            Column("item_code", "SXBM related_item_code 关联事项编码 事项编码", _("关联的事项编码")),
            Column("case_no", "SBLSH BJBH 办件编号 关联办件编号", _("产生该证照的办件编号")),
        )
    )

    def read(self, reading: Reading, *, hint: str | None) -> Told | None:  # noqa: ARG002
        subject = identify(reading, "holder_number", "holder_type")
        number = reading.text("number", required=True)
        name = reading.text("name", required=True)
        issuer = reading.text("issuer", required=True)
        identifier, parts = _identifier(reading)
        version, reported_at = reading.version(), reading.moment("reported_at")
        type_code = reading.text("type_code", most=64) or (parts.type if parts else "") or name
        row = {
            "holder_name": reading.text("holder_name"),
            "identifier": identifier,
            "type_code": (type_code or "")[:64],
            "type_name": reading.text("type_name"),
            "name": name,
            "number": number,
            "issuer": issuer,
            "issuer_code": reading.text("issuer_code", most=32),
            "area_code": reading.text("area_code", most=12),
            "item_code": reading.text("item_code", most=64),
            "case_no": reading.text("case_no", most=64),
            "issued_on": reading.day("issued_on"),
            **_validity(reading),
            **_status(reading),
        }
        if subject is None or number is None or name is None or issuer is None:
            return None
        key = parts.stem if parts else f"{row['type_code']}|{blind_index('certificate', number)}"
        return Told(
            key=key,
            label=name[:60],
            version=version + (parts.version * _IDENTIFIER_STEP if parts else 0),
            reported_at=reported_at,
            value=Certified(subject=subject, row={**row, "party_key": subject.party_key}),
        )

    def apply(self, db: Session, department_id: str, entries: Sequence[Entry]) -> None:
        told = [(entry, entry.told, entry.told.value) for entry in entries if entry.told]
        record_parties(db, [_named(entry, certified) for entry, _told, certified in told])
        record(
            db,
            department_id,
            [
                Issued(
                    record_key=one.key,
                    version=one.version,
                    reported_at=entry.reported_at,
                    raw_id=entry.raw_id,
                    row={**certified.row, "received_at": entry.received_at},
                )
                for entry, one, certified in told
            ],
        )

    def withdraw(self, db: Session, raw_ids: Sequence[str]) -> None:
        withdraw(db, raw_ids)


def _identifier(reading: Reading) -> tuple[str | None, certificate_id.Parts | None]:
    sent = reading.text("identifier")
    if sent is None:
        return None, None
    identifier = certificate_id.normalise(sent)
    for fault in certificate_id.check(identifier):
        reading.note(fault.code, "identifier")
    return identifier[:200], certificate_id.parts(identifier)


def _validity(reading: Reading) -> dict[str, date | None]:
    first = reading.day("valid_from")
    sent = reading.value("valid_to")
    last = None if isinstance(sent, str) and sent in _ENDLESS else reading.day("valid_to")
    if first and last and last < first:
        reading.note("ends_before_start", "valid_to")
    return {"valid_from": first, "valid_to": last, "expires_on": last or FOREVER}


def _status(reading: Reading) -> dict[str, str | None]:
    sent = reading.text("status", most=64)
    status = STATUSES.get((sent or "").casefold())
    if status is None:
        reading.note("unknown_status", "status")
    return {"status": status or "unknown", "status_raw": sent}


def _named(entry: Entry, certified: Certified) -> Subject:
    from dataclasses import replace

    return replace(
        certified.subject,
        name=certified.row["holder_name"],
        name_rank=1,
        name_as_of=entry.reported_at,
    )


plugin = CertificateFamily()
