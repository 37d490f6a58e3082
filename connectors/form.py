"""JSON object → frozen dataclass, every fault at once, each with the field and what to write there.

A field's help is its documentation, its remedy in a fault and, one day, the text beside it in a form: it is
said once, in ``Annotated[str, Help(…)]``, beside pydantic's own constraints; secrets are of type
``SecretStr`` (shown as ``***``).
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_type_hints

from flask_babel import gettext as _
from pydantic import ConfigDict, SecretStr, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from kernel.errors import Text

T = TypeVar("T")
_adapters: dict[type, TypeAdapter[Any]] = {}

STRICT = ConfigDict(extra="forbid", strict=True)
"""Set as ``__pydantic_config__`` of every dataclass read here: no unknown field, no silent conversion."""


@dataclass(frozen=True, slots=True)
class Help:
    """What belongs into a field, in one sentence."""

    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend: the field's path (``settings.issuer``), what is wrong, what to write."""

    field: str
    problem: str
    remedy: str


def read(cls: type[T], data: Mapping[str, object], *, under: str = "") -> tuple[T | None, list[Fault]]:
    """``data`` as a ``cls``, or all its faults; ``under`` prefixes the fields' paths."""
    try:
        return _adapter(cls).validate_json(json.dumps(data)), []
    except ValidationError as error:
        faults = [_fault(cls, found, under) for found in error.errors(include_url=False, include_input=False)]
        return None, [each for each in faults if not _explained(each, faults)]


def take_apart(value: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """A dataclass as (what may be read by anybody who reads the database, the secrets)."""
    public: dict[str, Any] = {}
    secret: dict[str, str] = {}
    for each in dataclasses.fields(value):
        content = getattr(value, each.name)
        if isinstance(content, SecretStr):
            secret[each.name] = content.get_secret_value()
        else:
            public[each.name] = list(content) if isinstance(content, tuple) else content
    return public, secret


@cache
def helps_of(cls: Any) -> Mapping[str, Text]:
    """A class's fields in their order, each with its help."""
    hints = get_type_hints(cls, include_extras=True)
    return {
        each.name: next(extra.text for extra in hints[each.name].__metadata__ if isinstance(extra, Help))
        for each in dataclasses.fields(cls)
    }


def _adapter(cls: type[T]) -> TypeAdapter[T]:
    found = _adapters.get(cls)
    if found is None:
        found = _adapters[cls] = TypeAdapter(cls)
    return found


def _fault(cls: type, found: ErrorDetails, under: str) -> Fault:
    path = ".".join(part for part in (under, *map(str, found["loc"])) if part)
    helps = helps_of(cls)
    first = str(found["loc"][0]) if found["loc"] else ""
    if found["type"] == "unexpected_keyword_argument":
        return Fault(field=path, problem=_("没有这个字段"), remedy=_known(tuple(helps)))
    problem = _("缺少这个字段") if found["type"] == "missing" else _problem(found)
    return Fault(field=path, problem=problem, remedy=str(helps.get(first, _("应当是一个JSON对象"))))


def _explained(fault: Fault, faults: Sequence[Fault]) -> bool:
    """A list is too short because its entries are wrong: the entries are told, the list is not."""
    return any(other.field.startswith(f"{fault.field}.") for other in faults)


def _known(names: Sequence[str]) -> str:
    return str(_("删去它，或改成这些字段之一：%(names)s", names=_("、").join(names)))


def _problem(found: ErrorDetails) -> str:
    context = found.get("ctx", {})
    if found["type"].endswith("_type") or found["type"].endswith("_parsing"):
        return str(_("类型不对"))
    if found["type"] == "literal_error":
        return str(_("只能是%(values)s", values=context["expected"].replace(" or ", ", ")))
    if found["type"] in {"greater_than_equal", "less_than_equal", "greater_than", "less_than"}:
        return str(_("数字超出范围"))
    if found["type"] in {"too_short", "too_long", "string_too_short", "string_too_long"}:
        return str(_("内容太短或太长"))
    return str(_("写法不对"))
