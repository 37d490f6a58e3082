"""The fields of basic information (基本信息): what a party has, how it is called, and how it is hidden."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

Kind = Literal["text", "date", "code"]
Mask = Literal["id_number", "phone", "address", "name", "uscc", "email"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`mask` names the function of `kernel.mask` that hides the value; `words` are a code's values."""

    name: str
    group: str
    label: str | LazyString
    kind: Kind = "text"
    sensitive: bool = False
    mask: Mask | None = None
    words: Mapping[str, str | LazyString] = field(default_factory=dict)


GROUPS: Final = {
    "identity": _("身份"),
    "contact": _("联系方式"),
    "life": _("教育与就业"),
    "registration": _("登记信息"),
    "business": _("经营信息"),
}
_SEX: Final = {"male": _("男"), "female": _("女")}

PERSON: Final = (
    Field(name="name", group="identity", label=_("姓名"), mask="name"),
    Field(name="id_number", group="identity", label=_("身份证号码"), sensitive=True, mask="id_number"),
    Field(name="gender", group="identity", label=_("性别"), kind="code", words=_SEX),
    Field(name="birth_date", group="identity", label=_("出生日期"), kind="date"),
    Field(name="ethnicity", group="identity", label=_("民族"), sensitive=True),
    Field(name="nationality", group="identity", label=_("国籍")),
    Field(name="marital_status", group="identity", label=_("婚姻状况"), sensitive=True),
    Field(name="phone", group="contact", label=_("手机号码"), sensitive=True, mask="phone"),
    Field(name="email", group="contact", label=_("电子邮箱"), mask="email"),
    Field(name="address", group="contact", label=_("现居住地址"), sensitive=True, mask="address"),
    Field(name="residence", group="contact", label=_("户籍地址"), sensitive=True, mask="address"),
    Field(name="education", group="life", label=_("学历")),
    Field(name="employer", group="life", label=_("工作单位")),
    Field(name="social_security_no", group="life", label=_("社会保障号码"), sensitive=True, mask="id_number"),
)
ENTERPRISE: Final = (
    Field(name="name", group="registration", label=_("名称")),
    Field(name="uscc", group="registration", label=_("统一社会信用代码"), mask="uscc"),
    Field(name="enterprise_type", group="registration", label=_("类型")),
    Field(name="legal_rep_name", group="registration", label=_("法定代表人"), mask="name"),
    Field(
        name="legal_rep_number",
        group="registration",
        label=_("法定代表人身份证号码"),
        sensitive=True,
        mask="id_number",
    ),
    Field(name="registered_capital", group="registration", label=_("注册资本")),
    Field(name="established_on", group="registration", label=_("成立日期"), kind="date"),
    Field(name="valid_to", group="registration", label=_("营业期限至"), kind="date"),
    Field(name="registered_address", group="registration", label=_("住所"), mask="address"),
    Field(name="status", group="registration", label=_("登记状态")),
    Field(name="registrar", group="registration", label=_("登记机关")),
    Field(name="business_scope", group="business", label=_("经营范围")),
    Field(name="industry", group="business", label=_("行业")),
    Field(name="phone", group="business", label=_("联系电话"), sensitive=True, mask="phone"),
)
FIELDS: Final = {
    "person": {one.name: one for one in PERSON},
    "enterprise": {one.name: one for one in ENTERPRISE},
}
