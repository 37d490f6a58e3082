"""The people's door: guarded blueprints, the errors' pages, and everything that every page gets."""

import enum
import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from flask import Blueprint, Flask, current_app, g, request
from flask.typing import ResponseReturnValue

from kernel import csrf, error_pages, headers
from kernel.errors import AppError, Invalid

MAX_PAGE_BODY: Final = 1024 * 1024
_LONGEST_TARGET: Final = 2000


class Access(enum.Enum):
    """Who may open the pages of a blueprint."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    ADMIN = "admin"


Guard = Callable[[], ResponseReturnValue | None]
"""Runs before the view: None lets through, an answer (a redirect to the login) or an ``AppError`` does not."""

_guards: dict[Access, Guard] = {Access.PUBLIC: lambda: None}


class GuardedBlueprint(Blueprint):
    """A blueprint that carries its guard. Made by ``blueprint``; the start refuses routes of any other."""

    def __init__(self, name: str, import_name: str, access: Access, url_prefix: str | None) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix)
        self.access = access
        self.before_request(functools.partial(_guard, access))


def blueprint(name: str, import_name: str, *, access: Access, url_prefix: str | None = None) -> GuardedBlueprint:
    """The only way to make one: whoever adds pages has to say who may see them."""
    return GuardedBlueprint(name, import_name, access, url_prefix)


def install_guard(access: Access, guard: Guard) -> None:
    """Give a kind of access its guard; the package that knows sessions does it through wiring."""
    _guards[access] = guard


def _guard(access: Access) -> ResponseReturnValue | None:
    guard = _guards.get(access)
    if guard is None:
        raise RuntimeError(f"no guard is installed for {access}")
    return guard()


def unguarded(app: Flask) -> Iterator[str]:
    """The routes that no guard stands before. Static files are public by nature."""
    for rule in app.url_map.iter_rules():
        owner = app.blueprints.get(rule.endpoint.rpartition(".")[0])
        if rule.endpoint != "static" and not isinstance(owner, GuardedBlueprint):
            yield f"{rule.rule} ({rule.endpoint})"


def safe_next(target: str | None, otherwise: str = "/") -> str:
    r"""``target`` if it is a path on this site, else ``otherwise``: for every ``next``.

    Browsers read ``//host`` and ``/\host`` as another site and drop tabs and line ends (WHATWG URL §4.4),
    so all of these are refused, not repaired.
    """
    if (
        target
        and len(target) <= _LONGEST_TARGET
        and re.match(r"/(?![/\\])", target)
        and target.isprintable()
        and "\\" not in target
        and " " not in target
    ):
        return target
    return otherwise


def public_url(path: str) -> str:
    """An absolute URL of this installation for the path; from PUBLIC_URL, never from the Host header."""
    return f"{current_app.config['PUBLIC_URL']}{path}"


def _refused_at_the_door() -> None:
    refused = request.environ.get("kapok.refused")
    if isinstance(refused, AppError):
        raise refused


def _refuse_nul() -> None:
    # PostgreSQL cannot store U+0000 in text; a form with one is an attack or an accident, and neither is a 500.
    sent = [*request.args.items(multi=True), *request.form.items(multi=True)]
    if any("\0" in name or "\0" in value for name, value in sent) or "\0" in request.path:
        raise Invalid(code="malformed_request", detail="null character")


def _note_route() -> None:
    rule = request.url_rule
    request.environ["kapok.route"] = rule.rule if rule else "-"
    g.request_id = request.environ.get("kapok.request_id", "")


def install(app: Flask, *, public: str, secret_key: str) -> None:
    """Everything that every page gets. ``public`` is PUBLIC_URL without a slash at its end."""
    settings: dict[str, Any] = {
        "PUBLIC_URL": public,
        "SECRET_KEY": secret_key,
        "MAX_CONTENT_LENGTH": MAX_PAGE_BODY,
        "MAX_FORM_MEMORY_SIZE": MAX_PAGE_BODY,
        "MAX_FORM_PARTS": 500,
    }
    app.config.update(settings)
    error_pages.install(app)
    headers.install(app)
    for hook in (_note_route, _refused_at_the_door, _refuse_nul):
        app.before_request(hook)
    csrf.install(app)
