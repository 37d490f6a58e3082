"""The one clock: aware UTC inside, the province's zone where people read a date."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from kernel import settings

Now = Callable[[], datetime]


def _system() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the one place


_now: Now = _system


def now() -> datetime:
    """The instant, aware, in UTC."""
    return _now()


def local(instant: datetime) -> datetime:
    """The same instant on the province's clock (setting ``TIMEZONE``)."""
    return instant.astimezone(zone())


def today() -> date:
    """The province's date: legal limits, expiries and day chains are counted in it."""
    return local(now()).date()


def zone() -> ZoneInfo:
    return _zone(settings.of(settings.KernelSettings).timezone)


_zone = lru_cache(maxsize=4)(ZoneInfo)


@contextmanager
def use(fn: Now) -> Iterator[None]:
    """Let ``fn`` tell the time in every thread of this process until the block ends (tests, simulations)."""
    global _now  # noqa: PLW0603  # process-wide on purpose: workers are threads
    before, _now = _now, fn
    try:
        yield
    finally:
        _now = before
