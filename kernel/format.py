"""Dates, times and numbers as people read them, in Chinese and in English.

A date is a ``date``, or an aware ``datetime``, which is shown in the province's zone. Each function in
``FILTERS`` is a Jinja filter of that name; the language is that of the request, and Chinese outside one.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from babel.dates import format_date
from flask import Flask
from flask_babel import get_locale, gettext

from kernel import clock, mask

_: Callable[..., str] = gettext
KILOBYTE = 1024
PLACE = re.compile(r"^(?:[^省市区县]{2,3}省)?(?:[^省市区县]{2,3}市)?(?:[^省市区县]{1,3}[区县])?(?=..)")
# Patterns of Unicode TR 35: Chinese, English.
MONTH_DAY = ("M月d日", "d MMMM")
FULL = ("yyyy年M月d日", "d MMMM yyyy")
MONTH = ("M月", "MMM")
WEEKDAY = ("EEE", "EEE")
WEEKDAY_LONG = ("EEEE", "EEEE")


def full_date(value: date) -> str:
    """``2026年3月18日``, ``18 March 2026``."""
    return _written(value, FULL)


def day(value: date) -> str:
    """``3月18日``; the year is told where it is not this one."""
    this_year = _local_day(value).year == clock.today().year
    return _written(value, MONTH_DAY if this_year else FULL)


def near(value: date) -> str:
    """``今天``, ``昨天``, else the day."""
    ago = clock.today() - _local_day(value)
    if ago == timedelta(0):
        return _("今天")
    if ago == timedelta(days=1):
        return _("昨天")
    return day(value)


def time(value: datetime) -> str:
    """``09:12``, on the 24-hour clock."""
    return f"{clock.local(value):%H:%M}"


def moment(value: datetime) -> str:
    """``今天09:12``, ``3月16日14:30``."""
    return _("%(day)s%(time)s", day=near(value), time=time(value))


def deadline(value: date) -> str:
    """``3月25日前``, ``by 25 March``: the day itself still counts."""
    return _("%(day)s前", day=day(value))


def weekday(value: date, *, long: bool = False) -> str:
    """``周三`` or ``星期三``."""
    return _written(value, WEEKDAY_LONG if long else WEEKDAY)


def month(value: date) -> str:
    """``3月``, as on a calendar leaf."""
    return _written(value, MONTH)


def iso(value: date) -> str:
    """For ``<time datetime>`` (HTML §4.5.14): a date, or a time to the second with its offset."""
    if isinstance(value, datetime):
        return clock.local(value).isoformat(timespec="seconds")
    return value.isoformat()


def thousands(value: int) -> str:
    return f"{value:,}"


def yuan(value: Decimal) -> str:
    """``1,280.50元``."""
    return _("%(amount)s元", amount=f"{value:,.2f}")


def filesize(count: int) -> str:
    """Bytes as ``312KB`` or ``1.2MB``; never less than 1KB."""
    kilobytes = max(1, round(count / KILOBYTE))
    if kilobytes < KILOBYTE:
        return _("%(n)sKB", n=kilobytes)
    return _("%(n)sMB", n=f"{count / KILOBYTE**2:.1f}".removesuffix(".0"))


def initial(name: str) -> str:
    """The first character that tells agencies apart, for their seal: 公 of 广东省公安厅, 住 of 佛山市住房…中心."""
    return PLACE.sub("", name, count=1)[:1]


FILTERS: Mapping[str, Callable[..., str]] = {
    "date": full_date,
    **{
        f.__name__: f
        for f in (day, near, time, moment, deadline, weekday, month, iso, thousands, yuan, filesize, initial)
    },
    **{name: getattr(mask, name) for name in dir(mask) if name.startswith("mask_")},
}


def install(app: Flask) -> None:
    """Filters for templates, and lines that hold only a tag leave no blank line in the page."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _local_day(value: date) -> date:
    return clock.local(value).date() if isinstance(value, datetime) else value


def _written(value: date, patterns: tuple[str, str]) -> str:
    locale = get_locale()
    english = locale is not None and locale.language == "en"
    text: str = format_date(_local_day(value), patterns[english], locale="en" if english else "zh_Hans_CN")
    return text
