"""LDAP directories: find the person's entry, check the password by binding as it (RFC 4511, 4513, 4515).

Two ways: a service account searches for the entry, then the same connection binds as what was found; or, with
``user_dn``, the person's own name is made from a template and bound at once. The connection itself is
``connectors.directory``.
"""

import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from pydantic import ConfigDict, Field, SecretStr

from connectors.breaker import Deadline
from connectors.errors import BadAnswer, BadCredentials, NotEntitled, UpstreamRefused
from connectors.form import STRICT, Fault, Help
from connectors.kind import Answer, FieldMap, Kind, Source, check_file
from kernel import clock

if TYPE_CHECKING:
    from connectors.directory import Directory

Attributes = Mapping[str, list[bytes]]

# Active Directory keeps link ids as 16 bytes in the little-endian order of a GUID ([MS-DTYP] §2.3.4).
GUID_ATTRIBUTES: Final = frozenset({"objectguid", "ms-ds-consistencyguid"})
GUID_BYTES: Final = 16
USERNAME: Final = "{username}"
FILTER: Final = r"^\(.+\)$"
LONGEST_INPUT: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapSettings:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    url: Annotated[
        str,
        Field(pattern=r"^ldaps?://[^/?#@\s]+$"),
        Help(_("目录服务器网址，例如ldaps://ldap.example.gov.cn或ldap://10.1.2.3:389，后面不带路径")),
    ]
    start_tls: Annotated[bool, Help(_("true表示先用ldap://连接，再用StartTLS加密"))] = False
    ca_file: Annotated[str | None, Help(_("签发服务器证书的CA证书文件（PEM）；用公共CA时写null"))] = None
    base_dn: Annotated[str, Field(min_length=1), Help(_("人员所在的目录位置，例如ou=people,dc=example"))]
    bind_dn: Annotated[str | None, Help(_("查询用的服务账号DN；用user_dn直接登录时写null"))] = None
    bind_password: Annotated[SecretStr | None, Help(_("服务账号的密码"))] = None
    user_filter: Annotated[
        str, Field(pattern=FILTER), Help(_("按账号找人的过滤式，写在括号里，{username}处填账号"))
    ] = "(uid={username})"
    user_dn: Annotated[
        str | None, Help(_("直接登录的DN模板，例如uid={username},ou=people,dc=example；用服务账号时写null"))
    ] = None
    id_attribute: Annotated[
        str, Field(min_length=1), Help(_("永不改变的标识所在属性：OpenLDAP是entryUUID，AD是objectGUID"))
    ] = "entryUUID"
    disabled_filter: Annotated[
        Annotated[str, Field(pattern=FILTER)] | None,
        Help(_("账号停用时成立的过滤式，例如(employeeType=disabled)；没有写null")),
    ] = None


def check(settings: LdapSettings, internal: bool) -> Iterable[Fault]:  # noqa: FBT001  # a Kind's check
    """What single fields cannot show."""
    plain = settings.url.startswith("ldap://")
    if plain and not settings.start_tls and not internal:
        yield Fault(
            field="settings.url",
            problem=gettext("明文连接只能用于内部网络"),
            remedy=gettext("改用ldaps://，或把start_tls写成true，或在内部网络时把internal写成true"),
        )
    if settings.start_tls and not plain:
        yield Fault(
            field="settings.start_tls",
            problem=gettext("ldaps://已经加密"),
            remedy=gettext("把start_tls写成false，或把网址改成ldap://"),
        )
    if settings.user_dn is None and (settings.bind_dn is None or settings.bind_password is None):
        yield Fault(
            field="settings.bind_dn",
            problem=gettext("不知道怎样找到人"),
            remedy=gettext("写上bind_dn和bind_password，或者写user_dn"),
        )
    yield from check_file(settings.ca_file, "settings.ca_file")
    for name in ("user_filter", "user_dn"):
        template = getattr(settings, name)
        if template is not None and template.count(USERNAME) != 1:
            yield Fault(
                field=f"settings.{name}",
                problem=gettext("缺少{username}"),
                remedy=gettext("在填账号的地方写一次{username}"),
            )


def sign_in(source: Source[LdapSettings], username: str, password: str, deadline: Deadline) -> Answer:
    """Bind as the person and read the entry."""
    # RFC 4513 §5.1.2: a bind with an empty password succeeds and proves nothing. Nothing is sent for one.
    if not (_usable(username) and _usable(password)):
        raise BadCredentials(source.name, "empty, blank, too long, or with control characters")
    from connectors import directory  # ldap3 costs a quarter of a second: only processes that use it pay

    settings = source.settings
    with directory.connect(
        source.name,
        settings.url,
        start_tls=settings.start_tls,
        ca_file=settings.ca_file,
        internal=source.internal,
        deadline=deadline,
    ) as connection:
        if settings.user_dn is not None:
            return _direct(source, connection, username, password)
        return _search_then_bind(source, connection, username, password)


def _usable(text: str) -> bool:
    return bool(text.strip()) and len(text) <= LONGEST_INPUT and not any(map(_control, text))


def _control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"


def _search_then_bind(source: Source[LdapSettings], connection: "Directory", username: str, password: str) -> Answer:
    from ldap3.utils.conv import escape_filter_chars

    settings = source.settings
    assert settings.bind_dn is not None
    assert settings.bind_password is not None
    if not connection.bind(settings.bind_dn, settings.bind_password.get_secret_value()):
        raise UpstreamRefused(source.name, "the directory refused the service account")
    wanted = settings.user_filter.replace(USERNAME, escape_filter_chars(username))
    found = connection.search(settings.base_dn, wanted, _wanted(source))
    if not found:
        raise BadCredentials(source.name, "no entry")
    dn, attributes = _only(source, found)
    disabled = _disabled(source, connection, dn)
    if not connection.bind(dn, password):
        raise BadCredentials(source.name, "wrong password")
    return _answer(source, attributes, disabled=disabled)


def _direct(source: Source[LdapSettings], connection: "Directory", username: str, password: str) -> Answer:
    from ldap3.utils.dn import escape_rdn

    settings = source.settings
    assert settings.user_dn is not None
    dn = settings.user_dn.replace(USERNAME, escape_rdn(username))
    if not connection.bind(dn, password):
        raise BadCredentials(source.name, "no entry or wrong password")
    own, attributes = _only(source, connection.search(dn, "(objectClass=*)", _wanted(source), subtree=False))
    return _answer(source, attributes, disabled=_disabled(source, connection, own))


def _wanted(source: Source[LdapSettings]) -> list[str]:
    return [source.settings.id_attribute, *source.fields.names()]


def _only(source: Source[LdapSettings], found: list[tuple[str, Attributes]]) -> tuple[str, Attributes]:
    """The one entry; which of several is meant is never guessed."""
    if len(found) != 1:
        raise BadAnswer(source.name, f"{len(found) or 'no'} entries where one is needed")
    return found[0]


def _disabled(source: Source[LdapSettings], connection: "Directory", dn: str) -> bool:
    wanted = source.settings.disabled_filter
    return wanted is not None and bool(connection.search(dn, wanted, [], subtree=False))


def _answer(source: Source[LdapSettings], attributes: Attributes, *, disabled: bool) -> Answer:
    """Only now, with the password proved, may anybody learn that the account is disabled."""
    if disabled:
        raise NotEntitled(source.name, "the entry is disabled")
    return Answer(
        upstream_id=_link_id(source, attributes),
        values={name: text for name in source.fields.names() if (text := _value(source, attributes, name))},
        authenticated_at=clock.now(),
    )


def _link_id(source: Source[LdapSettings], attributes: Attributes) -> str:
    name = source.settings.id_attribute.lower()
    values = attributes.get(name, [])
    if len(values) != 1:
        raise BadAnswer(source.name, f"{len(values)} values of {name}, the link id")
    if name not in GUID_ATTRIBUTES:
        return _utf8(source, name, values[0])
    if len(values[0]) != GUID_BYTES:
        raise BadAnswer(source.name, f"{name} has not {GUID_BYTES} bytes")
    return str(uuid.UUID(bytes_le=values[0]))


def _value(source: Source[LdapSettings], attributes: Attributes, name: str) -> str:
    """The first value; of what decides who somebody is there must not be two."""
    values = attributes.get(name.lower(), [])
    fields = source.fields
    if len(values) > 1 and name in (fields.id_number, fields.id_type, fields.level):
        raise BadAnswer(source.name, f"{len(values)} values of {name}")
    return _utf8(source, name, values[0]) if values else ""


def _utf8(source: Source[Any], name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadAnswer(source.name, f"{name} is not UTF-8") from None


plugin = Kind(
    name="ldap",
    title=_("LDAP目录或活动目录"),
    settings=LdapSettings,
    fields=FieldMap(name="cn", id_number="employeeNumber"),
    check=check,
    sign_in=sign_in,
)
