"""Basic information (基本信息) of persons and enterprises: each column a fact with its source and date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kernel.codes import citizen_id
from profiles import fields
from profiles.facts import said_at
from profiles.feeds.family import Entry, Told
from profiles.feeds.parties import record_parties, settle_parties
from profiles.feeds.reading import Column, Columns, Reading
from profiles.feeds.subject import CITIZEN, Subject, identify
from profiles.models.fact import Fact
from profiles.upsert import upsert

_SEX: Final = {"1": "male", "男": "male", "男性": "male", "m": "male", "male": "male"} | {
    "2": "female",
    "女": "female",
    "女性": "female",
    "f": "female",
    "female": "female",
}
_LONG: Final = {"address", "residence", "registered_address"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one record says of one party; a value of None withdraws it."""

    subject: Subject
    as_of: datetime | None
    values: dict[str, str | None]


class Profile:
    name = "profile"
    title = _("基本信息")
    columns = Columns(
        (
            Column(
                "number",
                "ZJHM 证件号码 身份证号码 身份证号 公民身份号码 GMSFHM SFZH id_number"
                " 统一社会信用代码 USCC TYSHXYDM holder_code CZZTDM",
                _("办事人的证件号码"),
                required=True,
            ),
            Column(
                "id_type",
                "ZJLX 证件类型 holder_type CZZTDMLX CZZTDMLXDM",
                _("证件类型：111居民身份证，001统一社会信用代码；可由号码认出"),
            ),
            Column("version", "VERSION SJBBH 数据版本号 版本号", _("版本号，第一次1，每次重报加1")),
            Column("reported_at", "INSERTTIME CD_TIME 入库时间 更新时间 GXSJ", _("该记录在来源系统中的时间")),
            Column("as_of", "DATA_DATE 数据日期 SJRQ 截止日期", _("这些内容截至哪一天")),
            Column("name", "XM 姓名 MC 名称 QYMC 企业名称 JGMC 机构名称 holder_name CZZT", _("姓名或名称")),
            Column("gender", "XB XBDM 性别 sex", _("性别：1男，2女")),
            Column("birth_date", "CSRQ 出生日期 birthdate", _("出生日期")),
            Column("ethnicity", "MZ MZDM 民族", _("民族")),
            Column("nationality", "GJ GJDM 国籍", _("国籍")),
            Column("marital_status", "HYZK 婚姻状况", _("婚姻状况")),
            Column("phone", "SJHM LXDH SJ 手机号码 联系电话 mobile", _("手机号码或联系电话")),
            Column("email", "DZYX YX 电子邮箱 邮箱", _("电子邮箱")),
            Column("address", "XJZDZ JZDZ 现居住地址 居住地址 XZZ", _("现居住地址")),
            Column("residence", "HJDZ 户籍地址 户籍所在地 HJSZD", _("户籍地址")),
            Column("education", "XL 学历 WHCD", _("学历")),
            Column("employer", "GZDW 工作单位", _("工作单位")),
            Column("social_security_no", "SHBZHM 社会保障号码", _("社会保障号码")),
            Column("enterprise_type", "QYLX JGLX 企业类型 机构类型", _("企业或机构类型")),
            Column("legal_rep_name", "FDDBR FDDBRXM 法定代表人 法定代表人姓名 FRDB", _("法定代表人姓名")),
            Column(
                "legal_rep_number",
                "FDDBRZJHM FDDBRSFZH 法定代表人证件号码 法定代表人身份证号码",
                _("法定代表人身份证号码"),
            ),
            Column("registered_capital", "ZCZB 注册资本", _("注册资本")),
            Column("established_on", "CLRQ 成立日期", _("成立日期")),
            Column("valid_to", "JYQXZ YYQXZ 营业期限至 经营期限至", _("营业期限至")),
            Column("registered_address", "ZS ZCDZ 住所 注册地址 DZ", _("住所")),
            Column("status", "DJZT 登记状态 经营状态 JYZT", _("登记状态")),
            Column("registrar", "DJJG 登记机关", _("登记机关")),
            Column("business_scope", "JYFW 经营范围", _("经营范围")),
            Column("industry", "HY HYMC 行业", _("行业")),
        )
    )

    def read(self, reading: Reading, *, hint: str | None) -> Told | None:  # noqa: ARG002
        subject = identify(reading, "number", "id_type")
        version, reported_at = reading.version(), reading.moment("reported_at")
        if subject is None:
            return None
        as_of = reading.past("as_of") or reported_at
        values = {name: _value(reading, name) for name in fields.FIELDS[subject.kind] if reading.sent(name)}
        values["id_number" if subject.kind == "person" else "uscc"] = subject.number
        _compare(reading, subject, values)
        _represent(reading, values)
        return Told(
            key=subject.party_key,
            label=subject.masked,
            version=version,
            reported_at=reported_at,
            value=Statement(subject=subject, as_of=as_of, values=values),
        )

    def apply(self, db: Session, department_id: str, entries: Sequence[Entry]) -> None:
        statements = [(entry, told.value) for entry in entries if (told := entry.told)]
        record_parties(db, [statement.subject for _, statement in statements])
        keys = {statement.subject.party_key for _, statement in statements}
        held = _held(db, department_id, keys)
        rows: dict[tuple[str, str], dict[str, object]] = {}
        for entry, statement in statements:
            assert entry.told is not None
            as_of = statement.as_of or entry.received_at
            precedence = (entry.told.version, min(as_of, entry.received_at), entry.raw_id)
            for name, value in statement.values.items():
                place = (statement.subject.party_key, name)
                if place in held and held[place] > precedence:
                    continue
                held[place] = precedence
                rows[place] = {
                    "party_key": place[0],
                    "field": name,
                    "department_id": department_id,
                    "value": value,
                    "as_of": as_of,
                    "received_at": entry.received_at,
                    "version": entry.told.version,
                    "raw_id": entry.raw_id,
                }
        upsert(
            db,
            Fact,
            [rows[place] for place in sorted(rows)],
            key=("party_key", "field", "department_id"),
            update=("value", "as_of", "received_at", "version", "raw_id"),
        )
        settle_parties(db, keys)

    def withdraw(self, db: Session, raw_ids: Sequence[str]) -> None:
        keys = set(db.scalars(select(Fact.party_key).where(Fact.raw_id.in_(raw_ids))))
        db.execute(delete(Fact).where(Fact.raw_id.in_(raw_ids)))
        settle_parties(db, keys)


def _value(reading: Reading, name: str) -> str | None:
    if name in {"birth_date", "established_on", "valid_to"}:
        day = reading.day(name)
        return day.isoformat() if day else None
    text = reading.text(name, most=2000 if name == "business_scope" else 500 if name in _LONG else 200)
    if name == "gender" and text is not None:
        sex = _SEX.get(text.casefold())
        if sex is None:
            reading.note("unknown_code", name)
        return sex
    return text


def _compare(reading: Reading, subject: Subject, values: dict[str, str | None]) -> None:
    """What an ID number says itself must agree with the columns beside it."""
    if subject.id_type != CITIZEN:
        return
    if values.get("gender") not in {None, citizen_id.sex(subject.number)}:
        reading.note("gender_differs", "gender")
    if values.get("birth_date") not in {None, citizen_id.birth_date(subject.number).isoformat()}:
        reading.note("birth_date_differs", "birth_date")


def _represent(reading: Reading, values: dict[str, str | None]) -> None:
    """The legal representative's number as one can be found by it; a wrong one is told and kept as it is."""
    if number := values.get("legal_rep_number"):
        values["legal_rep_number"] = number = citizen_id.normalise(number)
        for fault in citizen_id.check(number):
            reading.note(fault.code, "legal_rep_number")


def _held(db: Session, department_id: str, party_keys: set[str]) -> dict[tuple[str, str], tuple[int, datetime, str]]:
    """What this department has said of these parties so far: place → precedence."""
    stmt = select(Fact.party_key, Fact.field, Fact.version, said_at().label("said_at"), Fact.raw_id).where(
        Fact.department_id == department_id, Fact.party_key.in_(sorted(party_keys))
    )
    return {(row.party_key, row.field): (row.version, row.said_at, row.raw_id) for row in db.execute(stmt)}


plugin = Profile()
