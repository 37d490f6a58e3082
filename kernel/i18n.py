"""Languages: Chinese is the source and the default, English is complete.

A person's choice comes before what the site asked for that sent them, and that before the browser's.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel import Locale
from flask import Flask, has_request_context, request, session
from flask_babel import Babel, force_locale, get_translations

from kernel import prefs

FOLDER: Final = Path(__file__).parents[1] / "locale"
LOCALES: Final = ("zh_CN", "en")
"""Babel's names; on the wire (``lang``) they are written as in ``TAGS``."""
TAGS: Final = ("zh-CN", "en")
SUGGESTED: Final = "lang"
"""Where a session holds the tag that a site asked for."""
_PARSED: Final = {name: Locale.parse(name) for name in LOCALES}  # once, not at every page


def choose() -> str:
    """The locale of this request; outside a request, the source language."""
    if not has_request_context():
        return LOCALES[0]
    chosen = prefs.current().lang or _suggested()
    if not chosen:
        # zh first: of a browser that names neither, or any, the page is Chinese.
        chosen = request.accept_languages.best_match(["zh-CN", "zh", "en"], "zh-CN") or "zh-CN"
    return "en" if chosen == "en" else LOCALES[0]


def tag() -> str:
    """The language of this request as a tag."""
    return TAGS[LOCALES.index(choose())]


def _suggested() -> str:
    """What the session holds; nothing where it could not be opened, and an error's page has to be written."""
    try:
        return str(session.get(SUGGESTED, ""))
    except AssertionError:
        return ""


def first_of(tags: Iterable[str]) -> str | None:
    """The first of these language tags (BCP 47, any case) that pages can be had in, as a tag of ours."""
    ours = {tag.partition("-")[0]: tag for tag in TAGS}
    return next((ours[tag] for one in tags if (tag := one.partition("-")[0].lower()) in ours), None)


def install(app: Flask, *, folder: Path, timezone: str) -> None:
    Babel(
        app,
        default_locale=LOCALES[0],
        default_timezone=timezone,
        default_translation_directories=str(folder),
        locale_selector=lambda: _PARSED[choose()],
    )


def counted(sentence: str, n: int) -> str:
    """The translation that fits ``n`` (1 day, 2 days), its gaps not yet filled; Chinese has one form for all."""
    return str(get_translations().ungettext(sentence, sentence, n))


@contextmanager
def in_locale(locale: str) -> Iterator[None]:
    """Sentences in `locale` for what is written outside a request: letters."""
    with _desk().app_context(), force_locale(locale):
        yield


@lru_cache(maxsize=1)
def _desk() -> Flask:
    """An application of its own, because the translations hang on one and workers have no other."""
    desk = Flask("kapok.desk")
    install(desk, folder=FOLDER, timezone="UTC")
    return desk
