"""个人信息: every value with who said it and when, hidden until it is asked for; sources that disagree side by side."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from flask_babel import gettext

from kernel.format import full_date, near
from profiles import labels
from profiles.access import Look
from profiles.facts import FactField
from profiles.fields import GROUPS
from profiles.subject import Subject

_: Callable[..., str] = gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """One source's value of a field."""

    id: str
    shown: str
    source: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    field: str
    label: str
    values: tuple[ValueRow, ...]
    reveal: str
    """The address that shows the values in full; empty where nothing is hidden."""
    hide: str
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    id: str
    title: str
    rows: tuple[FieldRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    groups: tuple[Group, ...]
    revealed: str
    """The field that is shown in full: its looking has to be written down."""


def profile(subject: Subject, look: Look, reveal: str) -> Profile:
    """``reveal`` names the one field to show in full; a field that is not there shows nothing."""
    fields = look.fields()
    revealed = reveal if any(one.field == reveal and _hidden(one) for one in fields) else ""
    return Profile(
        groups=tuple(
            Group(
                id=f"g-{key}",
                title=str(GROUPS.get(key, key)),
                rows=tuple(_row(subject, one, full=one.field == revealed) for one in members),
            )
            for key, members in groupby(fields, key=lambda one: one.group)
        ),
        revealed=revealed,
    )


def _row(subject: Subject, one: FactField, *, full: bool) -> FieldRow:
    hidden = _hidden(one)
    # Sources that agree stand as one value with the newest of them.
    values = one.values if one.differs else one.values[:1]
    others = len(one.values) - 1 if not one.differs else 0
    return FieldRow(
        field=one.field,
        label=str(one.label),
        values=tuple(
            ValueRow(
                id=f"v-{one.field}-{number}",
                shown=_shown(one, value.shown, full=full or not hidden),
                source=_("%(source)s等%(n)s处一致", source=value.source, n=others + 1) if others else value.source,
                when=_("%(when)s核对", when=near(value.as_of)),
            )
            for number, value in enumerate(values, 1)
        ),
        reveal=f"{subject.url('profile', reveal=one.field)}#f-{one.field}" if hidden and not full else "",
        hide=f"{subject.url('profile')}#f-{one.field}" if full else "",
        differs=one.differs,
    )


def _shown(one: FactField, text: str, *, full: bool) -> str:
    if not full:
        return labels.masked(text, one.mask)
    if one.kind == "date":
        with suppress(ValueError):  # a department may have sent a year alone
            return full_date(date.fromisoformat(text))
    return text


def _hidden(one: FactField) -> bool:
    """A person's own name is not hidden from them; every other mask is drawn until it is taken off."""
    return one.mask is not None and one.mask != "name"
