"""What a kind of city source is: one protocol, its settings, and what it does with them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from pydantic import ConfigDict, Field

from connectors.breaker import Deadline
from connectors.form import STRICT, Fault, Help
from kernel.errors import Text

S = TypeVar("S")
Style = Literal["password", "redirect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """Which of the city's attributes or claims say what; an empty string means "it has none"."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Annotated[str, Help(_("姓名所在的属性名，例如cn"))] = "name"
    id_number: Annotated[str, Help(_("证件号码所在的属性名，例如employeeNumber；没有就写空文本"))] = ""
    id_type: Annotated[str, Help(_("证件类型所在的属性名；没有就写空文本，按default_id_type算"))] = ""
    default_id_type: Annotated[
        str,
        Field(pattern=r"^[0-9]{3}$"),
        Help(_("没有证件类型属性时按哪一类：111居民身份证，001统一社会信用代码")),
    ] = "111"
    level: Annotated[str, Help(_("核验等级所在的属性名，例如acr；没有就写空文本"))] = ""
    attributes: Annotated[dict[str, str], Help(_('另外要展示的信息，例如{"email": "mail"}'))] = field(
        default_factory=dict
    )

    def names(self) -> list[str]:
        """The city's attributes this map reads."""
        wanted = (self.name, self.id_number, self.id_type, self.level, *self.attributes.values())
        return [name for name in dict.fromkeys(wanted) if name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[S]):
    """One city's row as its kind and the identity rules see it: settings typed, secrets opened."""

    id: str
    code: str
    name: str
    kind: str
    settings: S
    fields: FieldMap
    authoritative_for: frozenset[str]
    subject_types: frozenset[str]
    level_cap: int
    level_map: Mapping[str, int]
    enabled: bool
    internal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Where to send the browser, and what the caller keeps in that browser's session until it comes back."""

    redirect_url: str
    saved: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What came back in the query, what was kept in the session, and the URL it came back to."""

    params: Mapping[str, str]
    saved: Mapping[str, str]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a city said, checked by its protocol's rules and not yet by ours.

    ``upstream_id`` never changes and is never given to another person; ``values`` are texts by the city's own
    names; ``session_hint`` is what a later upstream logout will name.
    """

    upstream_id: str
    values: Mapping[str, str]
    authenticated_at: datetime
    session_hint: str | None = None


def check_file(path: str | None, field_name: str) -> Iterable[Fault]:
    """That a file the settings name is there."""
    if path is not None and not Path(path).is_file():
        remedy = gettext("写CA证书文件（PEM）的完整路径")
        yield Fault(field=field_name, problem=gettext("没有这个文件"), remedy=remedy)


def nothing_to_check(_settings: object, _internal: bool) -> Iterable[Fault]:  # noqa: FBT001  # a Kind's check
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """A protocol. A password kind has ``sign_in``; a redirect kind has ``begin`` and ``complete``.

    ``settings`` is a frozen dataclass of ``connectors.form.setting`` fields, its secrets of type
    ``SecretStr``; ``fields`` are the usual names of this protocol; ``check(settings, internal)`` finds what
    single fields cannot show. The functions are called without an open transaction, may take until the
    deadline, raise only ``ConnectorError``s and import what is heavy only when they are called.
    """

    name: str
    title: Text
    settings: type[S]
    fields: FieldMap = field(default_factory=FieldMap)
    check: Callable[[S, bool], Iterable[Fault]] = nothing_to_check
    sign_in: Callable[[Source[S], str, str, Deadline], Answer] | None = None
    begin: Callable[[Source[S], str, Deadline], Begin] | None = None
    complete: Callable[[Source[S], Callback, Deadline], Answer] | None = None

    @property
    def style(self) -> Style:
        """``password``: the person types account and password here; ``redirect``: on the city's own page."""
        return "password" if self.sign_in is not None else "redirect"
