"""Sessions as Flask sees them: the cookie holds a random value, and only its digest is stored.

A visitor's session lives in the key-value store, is made at the first write and may be lost. Signing in moves it to a
row of ``login_session`` under a new cookie value, so what an attacker planted before is worth nothing after.
``acr`` is the bare level, ``"2"`` to ``"5"``.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import structlog
from flask import Flask, Request, Response
from flask import session as flask_session
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from idp.models.account import ACTIVE, Account, LoginName
from idp.models.session import LoginSession
from idp.settings import SignInSettings
from kernel import clock, context, crypto, db, keyvalue, prefs, settings
from kernel.ids import new_secret

VISITOR_SECONDS: Final = 2 * 60 * 60
MOST_BYTES: Final = 8192
SEEN_EVERY: Final = timedelta(minutes=1)
BROWSER: Final = "browser"
KEPT_WHEN_FULL: Final = frozenset({"csrf_token", BROWSER})
NEVER_CARRIED: Final = frozenset({"csrf_token"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The sign-in a session stands on, and the account as it is at this moment."""

    session_id: str
    account: Account
    shown: str
    auth_time: datetime
    level: int
    amr: tuple[str, ...]
    source_id: str | None

    @property
    def acr(self) -> str:
        """What this sign-in reached, never above what the account is worth now (IDENTITY rule e)."""
        return str(min(self.level, self.account.level))


class BrowserSession(dict[str, Any], SessionMixin):
    """The data of one browser's session. ``login`` is None while nobody is signed in."""

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        *,
        secret: str | None = None,
        login: Login | None = None,
        seen_at: datetime | None = None,
        lost: bool = False,
    ) -> None:
        super().__init__(data or {})
        self.secret = secret
        self.login = login
        self.seen_at = seen_at
        self.lost = lost  # the cookie named a session that is gone: ended, idle too long, or never ours
        self.fresh = False  # the cookie must be sent
        self.accessed = False
        self._before = json.dumps(self, sort_keys=True)

    @property
    def modified(self) -> bool:  # type: ignore[override]  # seen by comparison, nested values included
        return json.dumps(self, sort_keys=True) != self._before

    @property
    def browser(self) -> str:
        """The digest that names this browser to one-time objects; it outlives the change of cookie at sign-in."""
        if BROWSER not in self:
            self[BROWSER] = new_secret(16)
        return crypto.digest(self[BROWSER])

    def become(self, data: dict[str, Any], *, secret: str, login: Login, seen_at: datetime) -> None:
        """From now on this browser is signed in, under a cookie value nobody has seen before."""
        self._forget_visitor()
        self.clear()
        self.update(data)
        self.secret, self.login, self.seen_at = secret, login, seen_at
        self.fresh, self.lost = True, False
        self._before = json.dumps(self, sort_keys=True)

    def leave(self) -> None:
        """Nobody is signed in here any more, and nothing is remembered."""
        self._forget_visitor()
        self.clear()
        self.secret = self.login = self.seen_at = None
        self.lost = True
        self._before = "{}"

    def _forget_visitor(self) -> None:
        if self.login is None and self.secret is not None:
            keyvalue.store().delete(_visitor_key(self.secret))


def current() -> BrowserSession:
    """The session of this Flask request."""
    found = flask_session._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # the proxy's target
    assert isinstance(found, BrowserSession)
    return found


class Sessions(SessionInterface):
    """Flask's session interface; wiring sets ``app.session_interface = Sessions()``."""

    @cached_property
    def _secure(self) -> bool:
        return settings.of(settings.KernelSettings).public_url.startswith("https://")

    def cookie_name(self) -> str:
        # Browsers refuse a cookie of this prefix from any other host of the domain (RFC 6265bis §4.1.3.2).
        return "__Host-kapok" if self._secure else "kapok"

    def open_session(self, app: Flask, request: Request) -> BrowserSession:  # noqa: ARG002  # Flask's signature
        kind, _, secret = request.cookies.get(self.cookie_name(), "").partition(".")
        found = None
        if secret and len(secret) <= 64:
            found = _open_login(secret, request) if kind == "s" else _open_visitor(secret)
        session = BrowserSession(lost=bool(secret)) if found is None else found
        # Always, None included: a thread that served somebody else must not act in that name.
        context.bind(account_id=session.login.account.id if session.login else None)
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002
        assert isinstance(session, BrowserSession)
        if session.accessed:
            response.vary.add("Cookie")
        if session.login is not None:
            _save_login(session)
        elif session.modified or (session.secret and session.accessed):
            _save_visitor(session)  # unchanged too: a page that is in use must not lose its form's token
        if session.fresh and session.secret:
            self._send(response, f"{'s' if session.login else 'a'}.{session.secret}")
        elif session.lost and session.secret is None:
            response.delete_cookie(self.cookie_name(), path="/", secure=self._secure, httponly=True, samesite="Lax")

    def _send(self, response: Response, value: str) -> None:
        response.set_cookie(self.cookie_name(), value, path="/", secure=self._secure, httponly=True, samesite="Lax")


def _open_visitor(secret: str) -> BrowserSession | None:
    text = keyvalue.store().get(_visitor_key(secret))
    return None if text is None else BrowserSession(json.loads(text), secret=secret)


def _save_visitor(session: BrowserSession) -> None:
    if session.secret is None:
        session.secret, session.fresh = new_secret(), True
    keyvalue.store().set(_visitor_key(session.secret), _bounded(session), VISITOR_SECONDS)


def _visitor_key(secret: str) -> str:
    return f"visitor:{crypto.digest(secret)}"


# One statement a request. A user name is shown rather than a masked phone, that rather than a masked ID number.
_SHOWN: Final = (
    select(LoginName.shown)
    .where(LoginName.account_id == Account.id)
    .order_by(LoginName.kind.desc())
    .limit(1)
    .scalar_subquery()
)
_LOGIN: Final = (
    select(LoginSession, Account, _SHOWN)
    .join(Account, Account.id == LoginSession.account_id)
    .where(LoginSession.secret_hash == bindparam("secret_hash"))
)


def _open_login(secret: str, request: Request) -> BrowserSession | None:
    now = clock.now()
    with db.reading() as reading:
        row = reading.execute(_LOGIN, {"secret_hash": crypto.digest(secret)}).one_or_none()
    if row is None:
        return None
    kept, account, shown = row
    if now >= kept.expires_at or now - kept.last_seen_at >= idle_limit(request) or account.status != ACTIVE:
        return None
    login = Login(
        session_id=kept.id,
        account=account,
        shown=shown or account.name,
        auth_time=kept.auth_time,
        level=kept.level,
        amr=tuple(kept.amr),
        source_id=kept.source_id,
    )
    return BrowserSession(kept.data, secret=secret, login=login, seen_at=kept.last_seen_at)


def shown_name(db: Session, account: Account) -> str:
    """How pages name the account: its user name, else a masked number, else the person's name."""
    return db.scalar(select(_SHOWN).select_from(Account).where(Account.id == account.id)) or account.name


def idle_limit(request: Request) -> timedelta:
    """How long this browser may rest: longer in the large and simple view (DESIGN §5.1, enough time)."""
    limits = settings.of(SignInSettings)
    elder = prefs.read(request.cookies.get(prefs.COOKIE, "")).mode == "elder"
    return timedelta(minutes=limits.session_idle_minutes_elder if elder else limits.session_idle_minutes)


def _save_login(session: BrowserSession) -> None:
    assert session.login is not None
    now = clock.now()
    changes: dict[str, Any] = {}
    if session.modified:
        changes["data"] = json.loads(_bounded(session))
    if session.seen_at is None or now - session.seen_at >= SEEN_EVERY:
        changes["last_seen_at"] = now
    if changes:
        with db.transaction() as writing:
            writing.execute(update(LoginSession).where(LoginSession.id == session.login.session_id).values(**changes))


def _bounded(session: BrowserSession) -> str:
    text = json.dumps(session)
    if len(text) <= MOST_BYTES:
        return text
    log.warning("session.too_large", size=len(text), names=sorted(session))
    return json.dumps({k: v for k, v in session.items() if k in KEPT_WHEN_FULL})
