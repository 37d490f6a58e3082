"""What a section of settings is, and how one is read from a mapping with all its faults in words."""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, cast, get_origin

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kernel.ids import new_secret

Environ = Mapping[str, str]

SHORTEST_SECRET = 32  # characters; RFC 7518 §3.2 asks 32 bytes of a key for HS256
FEWEST_CHARACTERS = 10  # different ones, in a secret that is random
# What people copy out of documents and forget; compared without case. Our own examples all carry one of
# these.
KNOWN_WORDS = ("changeme", "change-me", "change_me", "example", "insecure", "kapok", "password", "demo-")

_source: ContextVar[Environ] = ContextVar("settings_source")


class SettingsError(Exception):
    """The start is refused. ``faults``: one line for each, naming the variable and what to do about it."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("Kapok cannot start with these settings:\n" + "\n".join(f"  - {f}" for f in self.faults))


def setting(description: str, default: Any = ..., *, env: str | None = None, masked: bool = False) -> Any:
    """A field of a section. ``description`` documents it and is the remedy in a fault; ``env`` names the
    variable where it is not the field's name in capitals; ``masked`` keeps the value out of logs (an address
    that may hold a password).
    """
    return Field(default, description=description, json_schema_extra={"env": env}, repr=not masked)


def secret(description: str, *, generate: Callable[[], str] = new_secret) -> Any:
    """A field of type ``SecretStr`` that must be given, strong and not a known one; demo mode makes it once
    for itself.
    """
    return Field(description=description, json_schema_extra=cast("Any", {"generate": generate}))


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a field."""
    return str(_extra(field).get("env") or name.upper())


def _extra(field: FieldInfo) -> Mapping[str, Any]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}


class _Variables(PydanticBaseSettingsSource):
    """Reads a section's fields from the mapping of the current load; an empty value counts as not given."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        text: Any = _source.get({}).get(variable(field_name, field), "").strip() or None
        if text is not None and get_origin(field.annotation) in (tuple, list, frozenset):
            text = [part.strip() for part in text.split(",") if part.strip()]
        return text, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {n: self.get_field_value(f, n)[0] for n, f in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Section(BaseSettings):
    """Base of every package's settings: frozen; a field is ``name: type = setting("what it is", default)``.

    Lists are written with commas. Validators that compare fields are field validators on the later one
    (reading ``info.data``), never model validators: these would hide until the first faults are mended.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", validate_default=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # replaced by ours, which is handed its mapping
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Variables(settings_cls)


def demo_secrets(section: type[Section]) -> dict[str, Callable[[], str]]:
    """The variables that demo mode can make for itself, each with its maker."""
    return {variable(n, f): _extra(f)["generate"] for n, f in section.model_fields.items() if "generate" in _extra(f)}


def demo_mode(environ: Environ) -> bool:
    return environ.get("KAPOK_DEMO", "").strip().lower() in {"1", "true", "yes", "on"}


def read(section: type[Section], environ: Environ) -> Section | list[str]:
    """The section, or the lines of its faults; never with a value in them."""
    faults = [] if demo_mode(environ) else list(_weak_secrets(section, environ))
    token = _source.set(environ)
    try:
        answer = section()
    except ValidationError as error:
        return [_line(section, detail["loc"], detail["type"], detail["msg"]) for detail in error.errors()] + faults
    finally:
        _source.reset(token)
    return faults or answer


def _line(section: type[Section], place: tuple[int | str, ...], kind: str, message: str) -> str:
    name = str(place[0]) if place else ""
    if name not in section.model_fields:
        return f"{section.__name__}: {message}"
    field = section.model_fields[name]
    what = "is missing" if kind == "missing" else message.removeprefix("Value error, ")
    return f"{variable(name, field)}: {what}. It is: {field.description}"


def _weak_secrets(section: type[Section], environ: Environ) -> Iterable[str]:
    met: dict[str, str] = {}
    for name, field in section.model_fields.items():
        if "generate" not in _extra(field):
            continue
        key = variable(name, field)
        text = environ.get(key, "").strip()
        if not text:
            continue  # told as missing by the section itself
        fault = ""
        if len(text) < SHORTEST_SECRET:
            fault = f"has {len(text)} characters; {SHORTEST_SECRET} are the least"
        elif any(word in text.lower() for word in KNOWN_WORDS):
            fault = "is a known one, taken from an example"
        elif len(set(text)) < FEWEST_CHARACTERS:
            fault = "is not random"
        elif text in met:
            fault = f"is the same as {met[text]}; each has a purpose of its own"
        met[text] = key
        if fault:
            yield f"{key}: {fault}. Make a new one with `openssl rand -base64 32`. It is: {field.description}"
