"""What a portal says it needs: checked when it asks, read back from the intent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from kernel.errors import Invalid
from profiles.fields import FIELDS

MOST_NEEDS: Final = 20
MOST_ACCEPTED: Final = 10
LONGEST_NAME: Final = 200
LONGEST_CODE: Final = 64
LONGEST_AGE_DAYS: Final = 36_500
_CODE: Final = re.compile(r"[\w.:-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """One way to answer a need: a certificate of a type (its code or its name), or a field of basic information."""

    kind: Literal["certificate", "field"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One material of an application. ``max_age_days`` counts from the day it was issued or last confirmed."""

    code: str
    name: str
    accept: tuple[Accept, ...]
    max_age_days: int | None = None

    def stored(self) -> dict[str, Any]:
        """The form of `reuse_intent.needed`, which `needs_of` reads back."""
        return {
            "material_code": self.code,
            "name": self.name,
            "accept": [str(accept) for accept in self.accept],
            "max_age_days": self.max_age_days,
        }


def needs_of(raw: object) -> tuple[Need, ...]:
    """The needs of a request or of a stored intent.

    :raises Invalid: naming every fault by its place (``needed.0.accept.1``) with ``required``, ``too_long``,
        ``too_many``, ``not_text``, ``not_a_number``, ``repeated``, ``unknown_field`` or ``malformed``.
    """
    faults: dict[str, str] = {}
    if not isinstance(raw, list) or not raw:
        raise Invalid({"needed": "required"})
    if len(raw) > MOST_NEEDS:
        raise Invalid({"needed": "too_many"})
    needs = [_need(entry, f"needed.{index}", faults) for index, entry in enumerate(raw)]
    for index, need in enumerate(needs):
        if need is not None and any(other and other.code == need.code for other in needs[:index]):
            faults[f"needed.{index}.material_code"] = "repeated"
    if faults:
        raise Invalid(faults)
    return tuple(need for need in needs if need is not None)


def text_of(raw: Mapping[str, Any], name: str, longest: int, faults: dict[str, str], place: str = "") -> str:
    """A required member that is text of at most ``longest`` characters on one line; its fault goes to ``faults``."""
    value = raw.get(name)
    place = place or name
    if value is None or value == "":
        faults[place] = "required"
    elif not isinstance(value, str):
        faults[place] = "not_text"
    elif len(value) > longest:
        faults[place] = "too_long"
    elif not value.strip() or not value.isprintable():
        faults[place] = "malformed"
    else:
        return value.strip()
    return ""


def _need(raw: object, place: str, faults: dict[str, str]) -> Need | None:
    if not isinstance(raw, dict):
        faults[place] = "malformed"
        return None
    code = text_of(raw, "material_code", LONGEST_CODE, faults, f"{place}.material_code")
    if code and not _CODE.fullmatch(code):
        faults[f"{place}.material_code"] = "malformed"
    name = text_of(raw, "name", LONGEST_NAME, faults, f"{place}.name")
    age = raw.get("max_age_days")
    if age is not None and (type(age) is not int or not 0 < age <= LONGEST_AGE_DAYS):
        faults[f"{place}.max_age_days"] = "not_a_number"
    accept = tuple(_accepted(raw.get("accept"), f"{place}.accept", faults))
    return Need(code=code, name=name, accept=accept, max_age_days=age)


def _accepted(raw: object, place: str, faults: dict[str, str]) -> Iterator[Accept]:
    if not isinstance(raw, list) or not raw:
        faults[place] = "required"
        return
    if len(raw) > MOST_ACCEPTED:
        faults[place] = "too_many"
        return
    for index, entry in enumerate(raw):
        kind, _, name = entry.partition(":") if isinstance(entry, str) else ("", "", "")
        if kind not in {"certificate", "field"} or not name or len(name) > LONGEST_NAME or not name.isprintable():
            faults[f"{place}.{index}"] = "malformed"
        elif kind == "field" and not any(name in known for known in FIELDS.values()):
            faults[f"{place}.{index}"] = "unknown_field"
        else:
            yield Accept(kind="field" if kind == "field" else "certificate", name=name)
