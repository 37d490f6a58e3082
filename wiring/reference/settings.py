"""settings.md: every variable that an operator can set, section by section."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from kernel.sections import Section, demo_secrets, read, variable
from wiring.reference.markdown import code, prose, table

_WORDS: dict[Any, str] = {
    bool: "1 or 0",
    int: "whole number",
    float: "number",
    str: "text",
    SecretStr: "text",
    Path: "path",
}
_TITLES = {
    "KernelSettings": "The installation",
    "ConnectorSettings": "Calls to cities",
    "SignInSettings": "Signing in",
    "TokenSettings": "Tokens",
    "ClientCertificateSettings": "Client certificates",
    "DpopSettings": "Proof of possession",
    "ProfilesSettings": "Departments' reporting",
    "SubscriptionsSettings": "Reminders and mail",
}


def lines() -> Iterator[str]:
    from wiring.parts import SETTINGS

    yield "# Settings"
    yield ""
    yield "Read once, at the start, from the first of these that knows a name: the process environment, `.env` in the"
    yield "working folder, `settings.env` in the instance folder. An empty value counts as not given; lists are written"
    yield "with commas. A start with wrong settings is refused and tells all faults at once, never a value."
    yield ""
    yield "Demo mode (`KAPOK_DEMO=1`) makes the secrets itself and keeps them in `secrets.env` in the instance folder."
    yield "Outside it, each secret has at least 32 characters of its own: `openssl rand -base64 32`."
    for section in SETTINGS:
        yield ""
        yield f"## {_TITLES.get(section.__name__, section.__name__)}"
        filled = _Filled.of(section)
        yield from table(
            ("Variable", "Value", "Default", "What it is"),
            (_row(variable(name, field), name, field, filled) for name, field in section.model_fields.items()),
        )


def _row(variable: str, name: str, field: FieldInfo, filled: "_Filled") -> tuple[str, str, str, str]:
    if variable in filled.secrets:
        default = "**required**, a secret"
    elif variable in filled.missing:
        default = f"**required**; in demo mode {code(getattr(filled.demo, name))}"
    else:
        default = _default(getattr(filled.demo, name) if field.default == "" else field.default)
    return code(variable), _kind(field.annotation), default, prose(field.description or "")


@dataclass(frozen=True, slots=True)
class _Filled:
    """What a section makes of an environment that says nothing: its values in demo mode, what it misses outside it."""

    demo: Section
    missing: frozenset[str]
    secrets: frozenset[str]

    @classmethod
    def of(cls, section: type[Section]) -> Self:
        secrets = {name: make() for name, make in demo_secrets(section).items()}
        demo = read(section, {"KAPOK_DEMO": "1", **secrets})
        assert isinstance(demo, Section), demo
        faults = read(section, secrets)
        missing = faults if isinstance(faults, list) else []
        return cls(demo, frozenset(fault.partition(":")[0] for fault in missing), frozenset(secrets))


def _default(value: object) -> str:
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, bool):
        return code(int(value))
    return code(value)


def _kind(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_kind(one) for one in arguments if one is not types.NoneType))
    if origin is Literal:
        return ", ".join(code(one) for one in arguments)
    if origin in (tuple, list, frozenset):
        return f"list of {_kind(arguments[0])}"
    return _WORDS.get(annotation, "network" if "Network" in str(annotation) else "text")


def section_types() -> set[type[Section]]:
    """Every section that any module defines, to find one that ``parts.SETTINGS`` forgot."""
    return set(Section.__subclasses__())
