"""Our own rules over what a city answered: still enabled, the right kind of subject, trusted only so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from connectors.errors import BadAnswer, NotEntitled, SourceDisabled
from connectors.kind import Answer, Source
from kernel.codes import citizen_id, uscc
from kernel.codes.fault import plain

log = structlog.get_logger(__name__)

SELF_DECLARED: Final = 2  # the lowest level; from 3 on name and number have been matched with a register
EVERYTHING_ELSE: Final = "*"
CITIZEN: Final = "111"  # GB/T 36903 Annex A: citizen ID number
ENTERPRISE: Final = "001"  # unified social credit code
LONGEST: Final = 512  # characters of any one text; longer ones are no names, numbers or ids


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamIdentity:
    """Who signed in at a city. The link key is (``source_id``, ``upstream_id``) and nothing else.

    ``level`` is capped already. ``name`` and ``id_number`` are what the city says: whether they may find an
    account is the caller's rule, and it asks ``City.authoritative_for``. ``attributes`` are shown to the
    person and never matched.
    """

    source_id: str
    upstream_id: str
    name: str | None
    id_type: str | None
    id_number: str | None
    level: int
    attributes: Mapping[str, str]
    authenticated_at: datetime
    session_hint: str | None


def accept(source: Source[Any], answer: Answer) -> UpstreamIdentity:
    """The identity a checked answer stands for.

    :raises SourceDisabled: the city was switched off while the person was signing in.
    :raises NotEntitled: an enterprise at a source for persons, or the other way round.
    :raises BadAnswer: no usable link id.
    """
    if not source.enabled:
        raise SourceDisabled(source.name, "disabled during the login")
    if not answer.upstream_id or len(answer.upstream_id) > LONGEST:
        raise BadAnswer(source.name, "the link id is empty or too long")
    fields = source.fields
    name = _text(answer.values, fields.name)
    id_type: str | None = _text(answer.values, fields.id_type) or fields.default_id_type
    number = _number(source, id_type, _text(answer.values, fields.id_number))
    id_type = id_type if number else None
    if ("enterprise" if id_type == ENTERPRISE else "person") not in source.subject_types:
        raise NotEntitled(source.name, f"subject of ID type {id_type} at a source for {set(source.subject_types)}")
    verified = name is not None and number is not None and id_type in source.authoritative_for
    return UpstreamIdentity(
        source_id=source.id,
        upstream_id=answer.upstream_id,
        name=name,
        id_type=id_type,
        id_number=number,
        level=_level(source, _text(answer.values, fields.level)) if verified else SELF_DECLARED,
        attributes={ours: text for ours, theirs in fields.attributes.items() if (text := _text(answer.values, theirs))},
        authenticated_at=answer.authenticated_at,
        session_hint=_kept(answer.session_hint),
    )


def _level(source: Source[Any], said: str | None) -> int:
    """What the city says → ours by the map, never above the cap; what the map has not proves nothing."""
    named = source.level_map.get(said) if said else None
    level = named if named is not None else source.level_map.get(EVERYTHING_ELSE, SELF_DECLARED)
    return max(SELF_DECLARED, min(level, source.level_cap))


def _kept(text: str | None) -> str | None:
    return text if text and len(text) <= LONGEST else None


def _text(values: Mapping[str, str], name: str) -> str | None:
    return _kept(values.get(name, "").strip() if name else "")


def _number(source: Source[Any], id_type: str | None, text: str | None) -> str | None:
    """The number in its one spelling; one whose check digit is wrong identifies nobody and is left out."""
    if text is None:
        return None
    code = {CITIZEN: citizen_id, ENTERPRISE: uscc}.get(id_type or "")
    if code is None:
        return plain(text)
    number = code.normalise(text)
    faults = code.check(number)
    if faults:
        log.warning("city.number_refused", city=source.code, fault=faults[0].code)
    return None if faults else number
