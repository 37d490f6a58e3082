"""The JSON file of a city: what it may say, every fault of it at once, and how it becomes a row."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from pydantic import ConfigDict, Field

from connectors import form
from connectors.form import STRICT, Fault, Help
from connectors.kind import FieldMap, Kind
from connectors.models import CitySource
from connectors.sources import kinds

Level = Annotated[int, Field(ge=2, le=5)]
Division = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
IdType = Annotated[str, Field(pattern=r"^[0-9]{3}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CityFile:
    """One city as an operator writes it down."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    code: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$"), Help(_("网址里用的短名，小写字母开头，例如shenzhen"))
    ]
    name: Annotated[str, Field(min_length=1, max_length=40), Help(_("城市名，例如深圳市"))]
    group: Annotated[str, Field(min_length=1, max_length=20), Help(_("登录页上的分组，例如珠三角"))]
    kind: Annotated[str, Help(_("认证系统的类型，例如ldap或oidc"))]
    settings: Annotated[dict[str, Any], Help(_("这类认证系统的设置，是一个JSON对象"))]
    fields: Annotated[dict[str, Any], Help(_('姓名、证件号码在哪个属性里，例如{"name": "cn"}'))] = field(
        default_factory=dict
    )
    division_codes: Annotated[tuple[Division, ...], Help(_('所辖的6位行政区划代码，例如["440300"]'))] = ()
    authoritative_for: Annotated[tuple[IdType, ...], Help(_('该市核验过的证件类型，例如["111"]；没有核验就写[]'))] = ()
    subject_types: Annotated[
        tuple[Literal["person", "enterprise"], ...],
        Field(min_length=1),
        Help(_('哪些人可以登录："person"个人，"enterprise"企业')),
    ] = ("person",)
    level_cap: Annotated[Level, Help(_("最高承认到几级，2到5的整数"))] = 2
    level_map: Annotated[dict[str, Level], Help(_('该市的等级对应几级，"*"表示其他，例如{"high": 4, "*": 3}'))] = field(
        default_factory=dict
    )
    own_accounts: Annotated[bool, Help(_("true表示该市有自己的账号（分建）"))] = True
    enabled: Annotated[bool, Help(_("true表示可以登录，false表示停用"))] = True
    internal: Annotated[bool, Help(_("true表示认证系统在EGRESS_ALLOWED_NETWORKS列出的内部网络里"))] = False
    display_order: Annotated[int, Help(_("显示顺序，整数，小的在前"))] = 100
    support_contact: Annotated[str | None, Help(_("当地账号服务的电话，例如0755-12345；没有写null"))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file without faults: the city, and its settings and fields as their own types."""

    city: CityFile
    settings: Any
    fields: FieldMap


def check(data: object, *, at: str = "") -> tuple[Checked | None, list[Fault]]:
    """The city that ``data`` (parsed JSON) describes, or every fault of it; ``at`` prefixes the fields."""
    if not isinstance(data, dict):
        return None, [Fault(field=at or "-", problem=gettext("类型不对"), remedy=gettext("应当是一个JSON对象"))]
    city, faults = form.read(CityFile, data, under=at)
    kind = kinds().get(str(data.get("kind")))
    if kind is None:
        if "kind" in data:
            names = gettext("、").join(kinds())
            faults.append(
                Fault(
                    field=_join(at, "kind"),
                    problem=gettext("没有这一类"),
                    remedy=gettext("可用的是：%(names)s", names=names),
                )
            )
        return None, faults
    settings, more = form.read(kind.settings, _object(data, "settings"), under=_join(at, "settings"))
    usual = {**_fields(kind), **_object(data, "fields")}
    fields, yet_more = form.read(FieldMap, usual, under=_join(at, "fields"))
    faults += more + yet_more
    if settings is not None:
        internal = data.get("internal") is True
        faults += [
            Fault(field=_join(at, fault.field), problem=fault.problem, remedy=fault.remedy)
            for fault in kind.check(settings, internal)
        ]
    if faults or city is None or fields is None:
        return None, faults
    return Checked(city=city, settings=settings, fields=fields), []


def write(row: CitySource, checked: Checked) -> None:
    """Everything the file says, into the row; the id stays, and with it the links of people."""
    city = checked.city
    row.settings, secrets = form.take_apart(checked.settings)
    row.secrets = json.dumps(secrets)
    row.fields = asdict(checked.fields)
    row.region = city.group
    row.division_codes = list(city.division_codes)
    row.authoritative_for = list(city.authoritative_for)
    row.subject_types = list(city.subject_types)
    row.level_map = dict(city.level_map)
    for name in ("code", "name", "kind", "level_cap", "own_accounts", "enabled", "internal", "display_order"):
        setattr(row, name, getattr(city, name))
    row.support_contact = city.support_contact


def _fields(kind: Kind[Any]) -> dict[str, Any]:
    return asdict(kind.fields)


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name, {})
    return found if isinstance(found, dict) else {}


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
