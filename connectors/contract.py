"""What ``connectors`` offers to ``idp``: the list of cities, and signing in at one of them.

Two styles. ``password``: ``sign_in(code, username, password)``. ``redirect``: ``begin(code, callback_url)``,
keep ``saved`` in the browser's own session and send the browser away; when it comes back to that URL, take
``saved`` out of the session (once) and call ``complete``. All three talk to the network: call them with no
transaction open. They raise ``ConnectorError``s, whose message tells the person what to do, and
``kernel.errors.NotFound`` for an unknown code.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import structlog
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors import breaker, sources
from connectors.breaker import Deadline
from connectors.errors import (
    BadAnswer,
    BadCredentials,
    ConnectorError,
    LoginExpired,
    NotEntitled,
    SourceDisabled,
    UpstreamRefused,
    UpstreamUnavailable,
)
from connectors.identity import UpstreamIdentity, accept
from connectors.kind import Answer, Begin, Callback, Kind, Source, Style
from connectors.models import CitySource
from kernel.db import reading

__all__ = [
    "BadAnswer",
    "BadCredentials",
    "Begin",
    "City",
    "ConnectorError",
    "LoginExpired",
    "NotEntitled",
    "SourceDisabled",
    "UpstreamIdentity",
    "UpstreamRefused",
    "UpstreamUnavailable",
    "begin",
    "cities",
    "city",
    "complete",
    "sign_in",
]

T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city as the login page and the matching rules see it.

    ``state`` is ``down`` while its system does not answer (then ``reason`` says so in the reader's language);
    ``authoritative_for`` are the ID types by which its people may be matched with an existing account.
    """

    source_id: str
    code: str
    name: str
    group: str
    kind: str
    style: Style
    own_accounts: bool
    state: Literal["ok", "down", "disabled"]
    reason: str | None
    authoritative_for: frozenset[str]
    division_codes: tuple[str, ...]
    support_contact: str | None


def cities(db: Session) -> list[City]:
    """All cities in display order, disabled ones too."""
    rows = db.scalars(select(CitySource).order_by(CitySource.display_order, CitySource.code))
    return [_city(found) for found in rows]


def city(db: Session, code: str) -> City:
    """One city. Raises ``NotFound``."""
    return _city(sources.row(db, code))


def sign_in(city_code: str, username: str, password: str) -> UpstreamIdentity:
    """Check account and password at a city of style ``password``."""
    source, kind = _open(city_code)
    if kind.sign_in is None:
        raise _wrong_style(source)
    ask = kind.sign_in
    return _finish(source, lambda deadline: ask(source, username, password, deadline))


def begin(city_code: str, callback_url: str) -> Begin:
    """Start at a city of style ``redirect``; ``callback_url`` is this city's own, registered there."""
    source, kind = _open(city_code)
    if kind.begin is None:
        raise _wrong_style(source)
    ask = kind.begin
    started = _ask(source, "begin", lambda deadline: ask(source, callback_url, deadline))
    return Begin(redirect_url=started.redirect_url, saved={**started.saved, "city": source.code})


def complete(
    city_code: str, params: Mapping[str, str], saved: Mapping[str, str], callback_url: str
) -> UpstreamIdentity:
    """Finish what ``begin`` started; ``params`` is the callback's query, ``saved`` this browser's own."""
    source, kind = _open(city_code)
    if kind.complete is None:
        raise _wrong_style(source)
    if saved.get("city") != source.code:  # RFC 9700 §4.4: an answer belongs to the city it was asked of
        raise LoginExpired(source.name, "nothing was begun at this city in this browser")
    ask, callback = kind.complete, Callback(params=params, saved=saved, url=callback_url)
    return _finish(source, lambda deadline: ask(source, callback, deadline))


def _open(code: str) -> tuple[Source[Any], Kind[Any]]:
    with reading() as db:
        source = sources.load(db, code)
    if not source.enabled:
        raise SourceDisabled(source.name, "disabled")
    return source, sources.kind_of(source)


def _finish(source: Source[Any], work: Callable[[Deadline], Answer]) -> UpstreamIdentity:
    answer = _ask(source, "sign_in", work)
    with reading() as db:  # minutes may lie between begin and here: enabled and the cap are those of now
        return accept(sources.load(db, source.code), answer)


def _ask(source: Source[Any], act: str, work: Callable[[Deadline], T]) -> T:
    began, outcome = time.monotonic(), "error"
    try:
        answer = breaker.of(source.id, source.name).call(work)
        outcome = "ok"
    except ConnectorError as error:
        outcome = error.code
        raise
    else:
        return answer
    finally:
        took = round((time.monotonic() - began) * 1000)
        log.info("city.asked", city=source.code, kind=source.kind, act=act, outcome=outcome, ms=took)


def _wrong_style(source: Source[Any]) -> ConnectorError:
    return UpstreamRefused(source.name, f"the kind {source.kind} does not sign in this way")


def _city(found: CitySource) -> City:
    state: Literal["ok", "down", "disabled"] = "disabled"
    reason: str | None = _("已经停用")
    if found.enabled:
        state = breaker.of(found.id, found.name).state
        reason = _("登录系统暂时没有回应") if state == "down" else None
    return City(
        source_id=found.id,
        code=found.code,
        name=found.name,
        group=found.region,
        kind=found.kind,
        style=sources.kinds()[found.kind].style,
        own_accounts=found.own_accounts,
        state=state,
        reason=reason,
        authoritative_for=frozenset(found.authoritative_for),
        division_codes=tuple(found.division_codes),
        support_contact=found.support_contact,
    )
