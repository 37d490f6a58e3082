"""谁看过我的数据: every look by others, by day, with its reason; one's own looks apart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from flask_babel import gettext
from sqlalchemy.orm import Session

from kernel import clock
from kernel.format import day, near, weekday
from profiles.access import Result
from profiles.access_log import STRANGERS, access_counts, access_of
from profiles.person.rows import LookRow, look_row
from profiles.subject import Subject

_: Callable[..., str] = gettext

PAGE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    id: str
    title: str
    rows: tuple[LookRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    summary: str
    chips: tuple[tuple[str, str, int, bool], ...]
    days: tuple[Day, ...]
    own: bool
    """The page shows one's own looks."""
    total: int
    newer: str
    older: str


def looks(subject: Subject, db: Session, *, result: str, older: str | None, newer: str | None) -> Looks:
    """``result`` is one of ``access.Result`` or empty for everything that others looked at."""
    chosen = Result(result) if result in {one.value for one in Result} else None
    counts = access_counts(db, subject.party_key)
    page = access_of(
        db,
        subject.party_key,
        (chosen,) if chosen else STRANGERS,
        older_than=older or None,
        newer_than=newer or None,
        limit=PAGE,
    )
    names = (
        (None, _("全部"), sum(counts.kept.get(one, 0) for one in STRANGERS)),
        (Result.AGREED, _("您同意的"), counts.kept.get(Result.AGREED, 0)),
        (Result.LAW, _("依法核验"), counts.kept.get(Result.LAW, 0)),
        (Result.REFUSED, _("已拒绝"), counts.kept.get(Result.REFUSED, 0)),
        (Result.OWN, _("您自己"), counts.kept.get(Result.OWN, 0)),
    )

    def address(**changes: str) -> str:
        return subject.url("access", **({"result": chosen.value} if chosen else {}), **changes)

    by_day = groupby(page.items, key=lambda line: clock.local(line.at).date())
    return Looks(
        summary=_summary(counts.recent),
        chips=tuple(
            (text, subject.url("access", result=one.value if one else None), n, one is chosen) for one, text, n in names
        ),
        days=tuple(
            Day(
                id=f"d-{when:%Y%m%d}",
                title=_title(when),
                rows=tuple(look_row(subject, line, on_day=when) for line in lines),
            )
            for when, lines in by_day
        ),
        own=chosen is Result.OWN,
        total=sum(counts.kept.get(one, 0) for one in STRANGERS),
        newer=address(newer=page.newer) if page.newer else "",
        older=address(older=page.older) if page.older else "",
    )


def _summary(recent: dict[str, int]) -> str:
    agreed, law, refused = (recent.get(one, 0) for one in STRANGERS)
    if not agreed + law + refused:
        return _("近30天没有人查看过您的数据。记录保存3年，不能删改。")
    return _(
        "近30天共%(total)s次：您同意的%(agreed)s次，依法核验的%(law)s次，拒绝的%(refused)s次。记录保存3年，不能删改。",
        total=agreed + law + refused,
        agreed=agreed,
        law=law,
        refused=refused,
    )


def _title(when: date) -> str:
    if (clock.today() - when).days in {0, 1}:
        return _("%(near)s，%(day)s", near=near(when), day=day(when))
    return _("%(day)s，%(weekday)s", day=day(when), weekday=weekday(when, long=True))
