"""The working-day calendar: the State Council's holidays and make-up working days, as data.

Loaded once per process and database; an import of new days calls `forget`. A year whose notice is not out
yet is provisional: its statutory days are known, its make-up days are not.
"""

import time
from array import array
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from importlib.metadata import version
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.orm import Session

from kernel import clock
from kernel.db import reading, transaction
from profiles.models.calendar import CalendarDay

_ONE: Final = timedelta(days=1)
_FRESH_SECONDS: Final = 600.0
_FIRST: Final = date(1990, 1, 1).toordinal()
_LAST: Final = date(2060, 1, 1).toordinal()
SATURDAY: Final = 5
FIRST_YEAR: Final = 2015
"""The first year that is kept."""


class Calendar:
    """Days the table knows; every other day follows the five-day week and is provisional.

    Counting is done on running sums over sixty years, so that no question walks over days.
    """

    __slots__ = ("_provisional", "_sums", "_working", "_years")

    def __init__(self, days: Mapping[date, bool] | None = None, provisional: Iterable[int] = ()) -> None:
        known = days or {}
        self._years = frozenset(day.year for day in known)
        self._provisional = frozenset(provisional)
        self._working: list[int] = []
        self._sums = array("H", [0])
        for ordinal in range(_FIRST, _LAST):
            day = date.fromordinal(ordinal)
            working = known.get(day)
            if day.weekday() < SATURDAY if working is None else working:
                self._working.append(ordinal)
            self._sums.append(len(self._working))

    def __bool__(self) -> bool:
        """Whether the table told anything."""
        return bool(self._years)

    def is_working(self, day: date) -> bool:
        return self._upto(day) > self._upto(day - _ONE)

    def is_provisional(self, day: date) -> bool:
        return day.year in self._provisional or day.year not in self._years

    def add(self, day: date, count: int) -> date:
        """The `count`-th working day after `day` (count ≥ 1), or `day` itself for 0."""
        if count < 1:
            return day
        index = min(self._upto(day) + count - 1, len(self._working) - 1)
        return date.fromordinal(self._working[index])

    def next_working(self, day: date) -> date:
        """`day` itself when it is a working day, otherwise the next one."""
        return self.add(day - _ONE, 1)

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` comes first."""
        return self._upto(end) - self._upto(start)

    def _upto(self, day: date) -> int:
        """Working days up to and including `day`, from the first day that is counted at all."""
        return self._sums[min(max(day.toordinal() - _FIRST + 1, 0), len(self._sums) - 1)]


_loaded: "WeakKeyDictionary[Engine, tuple[float, Calendar]]" = WeakKeyDictionary()


def calendar(db: Session) -> Calendar:
    """The calendar of this database, at most ten minutes old; an empty table gives the plain five-day week."""
    bind = db.get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    known = _loaded.get(engine)
    if known is not None and time.monotonic() - known[0] < _FRESH_SECONDS:
        return known[1]
    found = load(db)
    if found:
        _loaded[engine] = (time.monotonic(), found)
    return found


def load(db: Session) -> Calendar:
    rows = db.execute(select(CalendarDay.day, CalendarDay.working, CalendarDay.provisional)).all()
    return Calendar(
        {row.day: row.working for row in rows},
        provisional={row.day.year for row in rows if row.provisional},
    )


def forget() -> None:
    """Read the table again at the next question (after an import, in tests)."""
    _loaded.clear()


def keep() -> None:
    """Fill in the years that are missing, and those that were provisional when an older package was asked.

    Runs after a migration and daily: a new year, or an update with the State Council's notice, needs nobody.
    """
    wanted = range(FIRST_YEAR, clock.today().year + 3)
    with reading() as db:
        rows = db.execute(select(CalendarDay.day, CalendarDay.provisional, CalendarDay.source)).all()
    known = {row.day.year for row in rows}
    current = _source()
    doubtful = {row.day.year for row in rows if row.provisional and row.source != current}
    due = sorted((set(wanted) - known) | (doubtful & set(wanted)))
    if due:
        days = official_days(due)
        with transaction() as db:
            write(db, days)


def official_days(years: Iterable[int]) -> list[dict[str, object]]:
    """Every day of `years` as the `holidays` package knows it, as rows of the table.

    A year without a single substituted day off has no notice of the State Council yet: it is provisional.
    """
    import holidays  # a second of import time that only this pays

    wanted = sorted(years)
    # A day off at New Year can be made up for in December: the neighbouring years are read too.
    china = holidays.country_holidays("CN", years=range(wanted[0] - 1, wanted[-1] + 2), language="zh_CN")
    made_up: set[date] = set(china.weekend_workdays)
    noticed, source = {day.year for day in made_up}, _source()
    days = (
        date.fromordinal(ordinal)
        for year in wanted
        for ordinal in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
    )
    return [
        {
            "day": day,
            "working": day in made_up or (day.weekday() < SATURDAY and day not in china),
            "name": china.get(day),
            "provisional": day.year not in noticed,
            "source": source,
        }
        for day in days
    ]


def write(db: Session, days: Iterable[Mapping[str, Any]]) -> int:
    """Put whole years of days in the table, except years that somebody has imported; how many days."""
    held = db.scalars(select(CalendarDay.day).where(CalendarDay.source == "import"))
    imported = {day.year for day in held}
    rows = [dict(row) for row in days if row["day"].year not in imported]
    for year in sorted({row["day"].year for row in rows}):
        db.execute(delete(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))))
    if rows:
        db.execute(insert(CalendarDay), rows)
    forget()
    return len(rows)


def _source() -> str:
    return f"holidays {version('holidays')}"
