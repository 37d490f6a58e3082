"""How a person wants pages shown: large and simple view, theme, contrast, text size, pointer, language.

The choice lives in the cookie ``ui_prefs``, so that the server writes the attributes of ``<html>`` itself and
the first paint is right without a script. The cookie is data from outside: each value is taken only if it
stands in ``CHOICES``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Flask, g, redirect, render_template, request
from flask_babel import get_locale
from werkzeug.wrappers import Response

from kernel.web import Access, blueprint, safe_next

COOKIE = "ui_prefs"
PAGE = "/account/preferences"
YEAR = 365 * 24 * 3600
LONGEST_COOKIE = 200
CHOICES: Mapping[str, tuple[str, ...]] = {
    "mode": ("standard", "elder"),
    "theme": ("auto", "light", "dark"),
    "contrast": ("normal", "high"),
    "size": ("100", "125", "150", "200"),
    "cursor": ("normal", "large"),
    "lang": ("", "zh-CN", "en"),
}
"""Every value a preference can have; the first is the default. An empty ``lang`` follows the browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefs:
    mode: str = "standard"
    theme: str = "auto"
    contrast: str = "normal"
    size: str = "100"
    cursor: str = "normal"
    lang: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        """``data-*`` attributes of ``<html>``; what is at its default is left out."""
        return {f"data-{name}": value for name, value in _chosen(self).items() if name != "lang"}


def read(cookie: str) -> Prefs:
    """The preferences that a cookie's text holds; what is unknown, too long or broken counts as not said."""
    return with_changes(Prefs(), dict(parse_qsl(cookie))) if len(cookie) <= LONGEST_COOKIE else Prefs()


def write(prefs: Prefs) -> str:
    """The cookie's text: only what differs from the default, as in a query string."""
    return urlencode(_chosen(prefs))


def with_changes(prefs: Prefs, changes: Mapping[str, str]) -> Prefs:
    """``prefs`` with every known value of ``changes``; other names and values are ignored."""
    known = {name: changes[name] for name, values in CHOICES.items() if changes.get(name) in values}
    return Prefs(**{**asdict(prefs), **known})


def current() -> Prefs:
    """The preferences of the request that is being answered."""
    if "prefs" not in g:
        g.prefs = read(request.cookies.get(COOKIE, ""))
    prefs: Prefs = g.prefs
    return prefs


def _chosen(prefs: Prefs) -> dict[str, str]:
    return {f.name: value for f in fields(prefs) if (value := getattr(prefs, f.name)) != CHOICES[f.name][0]}


pages = blueprint("prefs", __name__, access=Access.PUBLIC)


@pages.get(PAGE)
def show() -> str:
    back = safe_next(request.args.get("next", ""), "")
    return render_template("preferences.html", saved="saved" in request.args, back=back, choices=CHOICES)


@pages.post(PAGE)
def save() -> Response:
    """Takes any of ``CHOICES`` (a header button sends one, the page all) and goes back to ``next``."""
    chosen = Prefs() if "reset" in request.form else with_changes(current(), request.form.to_dict())
    answer = redirect(safe_next(request.form.get("next", ""), PAGE), code=303)
    answer.set_cookie(COOKIE, write(chosen), max_age=YEAR, httponly=True, secure=request.is_secure, samesite="Lax")
    return answer


def _context() -> dict[str, Any]:
    locale = get_locale()
    english = locale is not None and locale.language == "en"
    here = request.full_path.removesuffix("?")
    return {
        "prefs": current(),
        "lang": "en" if english else "zh-CN",
        "here_url": here,
        "preferences_url": PAGE if request.path == PAGE else f"{PAGE}?{urlencode({'next': here})}",
    }


def install(app: Flask) -> None:
    app.register_blueprint(pages)
    app.context_processor(_context)
