"""Rows of cities as their kinds see them."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors import form
from connectors.kind import FieldMap, Kind, Source
from connectors.models import CitySource
from kernel.errors import NotFound
from kernel.plugins import discover

T = TypeVar("T")


@cache
def kinds() -> Mapping[str, Kind[Any]]:
    """Every protocol of ``connectors/kinds/`` by name."""
    return discover("connectors.kinds", Kind)


def kind_of(source: Source[Any]) -> Kind[Any]:
    return kinds()[source.kind]


def row(db: Session, code: str) -> CitySource:
    """The city's row. Raises ``NotFound``."""
    found = db.scalar(select(CitySource).where(CitySource.code == code))
    if found is None:
        raise NotFound("city_unknown", detail=f"no city has the code {code!r}")
    return found


def load(db: Session, code: str) -> Source[Any]:
    """The city's source with settings typed and secrets opened. Raises ``NotFound``."""
    found = row(db, code)
    return Source(
        id=found.id,
        code=found.code,
        name=found.name,
        kind=found.kind,
        settings=_settings(found),
        fields=_whole(FieldMap, found.fields, found.code),
        authoritative_for=frozenset(found.authoritative_for),
        subject_types=frozenset(found.subject_types),
        level_cap=found.level_cap,
        level_map=found.level_map,
        enabled=found.enabled,
        internal=found.internal,
    )


def _settings(found: CitySource) -> object:
    kind = kinds().get(found.kind)
    if kind is None:
        raise RuntimeError(f"city {found.code}: no kind is called {found.kind!r}")
    return _whole(kind.settings, {**found.settings, **json.loads(found.secrets)}, found.code)


def _whole(cls: type[T], data: Mapping[str, object], code: str) -> T:
    value, faults = form.read(cls, data)
    if value is None:
        # Written by an older release or by hand: an operator mends it with `flask cities add --replace`.
        raise RuntimeError(f"city {code}: {', '.join(fault.field for fault in faults)} cannot be read")
    return value
