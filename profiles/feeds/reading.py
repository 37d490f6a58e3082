"""Reading one record by our names, whatever the sender calls its columns, and noting what is wrong with it.

Every finding names the sender's own column. A value that cannot be used is left out and told; only what makes
the whole record useless refuses it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from kernel import clock
from profiles.feeds.findings import Finding, Text

_BAD: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_DATE: Final = re.compile(
    r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?"
    r"(?:[T ]?(\d{1,2})[:时]?(\d{1,2})(?:[:分]?(\d{1,2})(?:[.,]\d+)?秒?)?分?)?"
)
_EARLIEST, _LATEST = 1900, 2100
_MILLISECONDS: Final = 13
_MOST_VERSION: Final = 9999
WORKING: Final = frozenset({"g", "工作日", "个工作日", "working", "1", "gzr"})
CALENDAR: Final = frozenset({"z", "自然日", "日", "天", "个自然日", "calendar", "2", "d", "r"})


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a family: our name, the names senders use (apart by spaces), and what it means."""

    name: str
    also: str
    meaning: Text
    required: bool = False

    @property
    def aliases(self) -> list[str]:
        return self.also.split()


class Columns:
    """All columns of a family, found by any of their names in any case and width."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.all = tuple(columns)
        self._names: dict[str, str] = {}
        for column in self.all:
            for alias in (column.name, *column.aliases):
                if self._names.setdefault(_folded(alias), column.name) != column.name:
                    raise ValueError(f"two columns are called {alias!r}")
        self.resolve = lru_cache(maxsize=256)(self._resolve)

    def known(self, names: Iterable[str]) -> int:
        """How many of these the family knows: a table's header is recognised by it."""
        return sum(_folded(name) in self._names for name in names)

    def _resolve(self, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Our name → the sender's columns of that meaning, for one set of columns (all rows of a table share it)."""
        found: dict[str, list[str]] = {}
        for name in names:
            ours = self._names.get(_folded(name))
            if ours is not None:
                found.setdefault(ours, []).append(name)
        return {ours: tuple(theirs) for ours, theirs in found.items()}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


class Reading:
    """One record while it is read. `findings` and `refused` are what was noted so far."""

    __slots__ = ("_columns", "_record", "findings", "refused")

    def __init__(self, record: Mapping[str, object], columns: Columns) -> None:
        self._record = record
        self._columns = columns.resolve(tuple(record))
        self.findings: list[Finding] = []
        self.refused = False
        if not self._columns:
            self.refuse("no_known_column")

    def column(self, name: str) -> str:
        """The sender's name of our column; ours when it was not sent."""
        theirs = self._columns.get(name)
        return clean(theirs[0])[:100] if theirs else name

    def note(self, code: str, name: str | None = None, **args: str | int) -> None:
        field = self.column(name) if name else None
        self.findings.append(Finding(code=code, field=field, args=args))

    def refuse(self, code: str, name: str | None = None, **args: str | int) -> None:
        self.note(code, name, **args)
        self.refused = True

    def has(self, *names: str) -> bool:
        """Whether any of these columns holds something."""
        return any(self.value(name) is not None for name in names)

    def sent(self, name: str) -> bool:
        """Whether the column is there at all, be it empty."""
        return name in self._columns

    def value(self, name: str) -> object:
        """What the first filled column of this meaning holds: text (numbers too), a list or an object."""
        for theirs in self._columns.get(name, ()):
            value = self._record[theirs]
            if isinstance(value, str):
                value = value.strip()
            if value is not None and value != "":
                return value
        return None

    def text(self, name: str, *, most: int = 200, required: bool = False) -> str | None:
        """The value as text; too long is cut, control characters are replaced, both are told."""
        value = self.value(name)
        if isinstance(value, (list, dict)):
            self.note("not_a_scalar", name)
            value = None
        if value is None:
            if required:
                self.refuse("missing", name)
            return None
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if not text.isascii() or not text.isprintable():
            cleaned = clean(text)
            if cleaned != text:
                self.note("bad_characters", name)
                text = cleaned
        if len(text) > most:
            self.note("too_long", name, most=most)
            text = text[:most]
        return text

    def number(self, name: str, *, most: int = 100_000) -> int | None:
        text = self.text(name)
        if text is None:
            return None
        text = unicodedata.normalize("NFKC", text).removesuffix(".0")
        if text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most:  # no huge int
            return int(text)
        self.note("bad_number", name, most=most)
        return None

    def version(self) -> int:
        """The record's version, 1 where none is told."""
        text = self.text("version")
        if text is None:
            return 1
        text = text.removesuffix(".0")
        if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= _MOST_VERSION:
            return int(text)
        self.note("bad_version", "version")
        return 1

    def day(self, name: str) -> date | None:
        moment = self.moment(name)
        return clock.local(moment).date() if moment else None

    def moment(self, name: str, *, required: bool = False) -> datetime | None:
        """An instant; a time without a zone is the province's, a date is its midnight."""
        text = self.text(name, required=required)
        if text is None:
            return None
        found = parse_moment(text)
        if found is None:
            if required:
                self.refuse("bad_date", name)
            else:
                self.note("bad_date", name)
        return found

    def past(self, name: str, *, required: bool = False) -> datetime | None:
        """An instant that should have been: one more than a day ahead is told."""
        found = self.moment(name, required=required)
        if found is not None and found > clock.now() + timedelta(days=1):
            self.note("future_time", name)
        return found

    def unit(self, name: str) -> str:
        """`working` or `calendar`; working days where nothing is told (行政许可法 Art. 82)."""
        text = self.text(name)
        if text is None or text.casefold() in WORKING:
            return "working"
        if text.casefold() in CALENDAR:
            return "calendar"
        self.note("unknown_unit", name)
        return "working"

    def essence(self) -> list[tuple[str, object]]:
        """What the record says, by our names: equal for the same record in another format or order of columns.

        Where a version tells reports apart, the time of a report does not.
        """
        skipped = {"version", "reported_at"} if self.has("version") else {"version"}
        told = ((ours, self.value(ours)) for ours in sorted(self._columns) if ours not in skipped)
        return [(ours, value) for ours, value in told if value is not None]


def clean(text: str) -> str:
    """Text that every database and every page can hold."""
    return _BAD.sub("\ufffd", text) if _BAD.search(text) else text


@lru_cache(maxsize=4096)
def parse_moment(text: str) -> datetime | None:
    """The instant that departments' spellings of dates and times mean; None when it cannot be one."""
    found = _parsed(text)
    if found is None or not _EARLIEST <= found.year < _LATEST:
        return None
    return (found.replace(tzinfo=clock.zone()) if found.tzinfo is None else found).astimezone(UTC)


def _parsed(text: str) -> datetime | None:
    if text.isascii() and text.isdigit() and len(text) == _MILLISECONDS:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    match = _DATE.fullmatch(text if text.isascii() else unicodedata.normalize("NFKC", text))
    try:
        if match is None:
            return datetime.fromisoformat(text)
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # the caller knows the zone
    except ValueError:
        return None
