"""connectors.md: what the file of a city says, and the settings of each kind of authentication system."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any, get_type_hints

from pydantic import SecretStr

from connectors.city_file import CityFile
from connectors.form import helps_of
from connectors.kind import FieldMap
from connectors.sources import kinds
from wiring.reference.markdown import code, table

_HEAD = ("Field", "Default", "What to write")


def lines() -> Iterator[str]:
    yield "# Cities"
    yield ""
    yield "A city is a JSON object, or several in a list, given to `flask cities add`. Every fault of a file is told at"
    yield "once, with the sentence below. Secrets are stored encrypted and never shown again."
    yield ""
    yield "## Every city"
    yield from table(_HEAD, _rows(CityFile))
    yield "## `fields`: which attribute says what"
    yield from table(_HEAD, _rows(FieldMap))
    for kind in kinds().values():
        yield f"## `settings` of kind `{kind.name}`: {kind.title}"
        yield ""
        where = "on our own page" if kind.style == "password" else "on the city's own page"
        yield f"People type their account and password {where}."
        yield from table(_HEAD, _rows(kind.settings))
        usual = {f.name: getattr(kind.fields, f.name) for f in dataclasses.fields(FieldMap)}
        told = ", ".join(f"{code(name)} = {code(_json(value))}" for name, value in usual.items() if value)
        yield f"Its usual `fields`: {told}."
        yield ""


def _rows(cls: Any) -> Iterator[tuple[str, str, str]]:
    helps, hints = helps_of(cls), get_type_hints(cls)
    for field in dataclasses.fields(cls):
        hidden = ", a secret" if SecretStr in (hints[field.name], *getattr(hints[field.name], "__args__", ())) else ""
        yield code(field.name), _default(field) + hidden, str(helps[field.name])


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return code(_json(field.default))
    if field.default_factory is not dataclasses.MISSING:
        return code(_json(field.default_factory()))
    return "**required**"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
