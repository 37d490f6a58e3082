"""The families and formats there are: found by their folders, once a process."""

from functools import cache

from kernel.plugins import discover
from profiles.feeds.family import Family
from profiles.feeds.format import Format


@cache
def families() -> dict[str, Family]:
    return discover("profiles.feeds.families", Family)  # type: ignore[type-abstract]


@cache
def formats() -> dict[str, Format]:
    return discover("profiles.feeds.formats", Format)  # type: ignore[type-abstract]


def format_of(media_type: str) -> Format | None:
    return next((one for one in formats().values() if media_type in one.media_types), None)
