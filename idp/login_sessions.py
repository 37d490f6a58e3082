"""Beginning, listing and ending sessions of people who are signed in."""

from collections.abc import Sequence
from typing import Any

from flask import request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from idp import sessions
from idp.factor import MFA
from idp.logout import tell
from idp.models.account import Account
from idp.models.session import LoginSession
from idp.sessions import BROWSER, NEVER_CARRIED, BrowserSession, Login
from idp.settings import SignInSettings
from idp.tokens import families
from kernel import clock, context, crypto, settings
from kernel.db import after_commit
from kernel.errors import Unauthenticated
from kernel.ids import new_id, new_secret


def begin(
    db: Session,
    *,
    account: Account,
    level: int,
    amr: Sequence[str],
    source_id: str | None = None,
    upstream_session: str | None = None,
) -> str:
    """Sign this browser in; the session's id. Once committed, the browser gets a cookie value that nobody knows yet.

    Signing in again as the same person keeps the session; as another person, it ends the first one's session. Either
    way ``auth_time``, the level and ``amr`` are those of this sign-in alone: a weaker one is not trusted for what a
    stronger one did before. What the browser did before is carried over, except across persons and except its form
    token.
    """
    here = sessions.current()
    again = here.login is not None and here.login.account.id == account.id
    row = _row(db, here)
    if here.login is not None and not again:
        end(db, here.login.account.id, session_id=here.login.session_id)
        row = None
    now = clock.now()
    if row is None:
        row = LoginSession(id=new_id(), account_id=account.id, created_at=now)
        db.add(row)
    row.expires_at = now + settings.of(SignInSettings).absolute_life
    row.level, row.amr, row.auth_time = level, sorted(set(amr)), now
    row.source_id, row.upstream_session = source_id, upstream_session
    return _renew(db, here, row, account)


def step_up(db: Session, *, level: int, amr: Sequence[str]) -> str:
    """The person who is signed in here has proven more: it is added to this sign-in, under a new cookie value.

    ``auth_time`` stays: a code alone is no new sign-in, and must not pass for one where a portal asks for that
    (``prompt=login``, ``max_age``).

    :raises Unauthenticated: when nobody is, or the session was ended meanwhile.
    """
    here = sessions.current()
    row = _row(db, here)
    if here.login is None or row is None:
        raise Unauthenticated
    row.level, row.amr = max(row.level, level), sorted({*row.amr, *amr, MFA})
    return _renew(db, here, row, here.login.account)


def _row(db: Session, here: BrowserSession) -> LoginSession | None:
    """The row of this browser, locked: if it is being ended elsewhere, it is gone already or goes after us."""
    return db.get(LoginSession, here.login.session_id, with_for_update=True) if here.login is not None else None


def _renew(db: Session, here: BrowserSession, row: LoginSession, account: Account) -> str:
    now, secret = clock.now(), new_secret()
    row.secret_hash = crypto.digest(secret)
    row.last_seen_at = now
    row.address, row.device = context.actor().address, request.user_agent.string[:200]
    row.data = _carried(here, account)
    db.flush()
    login = Login(
        session_id=row.id,
        account=account,
        shown=account.name,  # the next request reads how pages write it; this one shows none
        auth_time=row.auth_time,
        level=row.level,
        amr=tuple(row.amr),
        source_id=row.source_id,
    )
    after_commit(db, lambda: here.become(row.data, secret=secret, login=login, seen_at=now))
    return row.id


def _carried(here: BrowserSession, account: Account) -> dict[str, Any]:
    other = here.login is not None and here.login.account.id != account.id
    here.browser  # noqa: B018  # named at the latest now, because it must outlive this sign-in
    return {k: v for k, v in here.items() if k == BROWSER or not (other or k in NEVER_CARRIED)}


def end(
    db: Session,
    account_id: str,
    *,
    session_id: str | None = None,
    source_id: str | None = None,
    but: str | None = None,
) -> list[str]:
    """End sessions of the account, wherever their browsers are, and the tokens that grew out of them; their ids.

    The portals that were entered with them are told. All sessions, or the one ``session_id``, or those that stand on a
    sign-in at ``source_id``; never ``but``.
    """
    return end_telling(db, account_id, session_id=session_id, source_id=source_id, but=but)[0]


def end_telling(
    db: Session,
    account_id: str,
    *,
    session_id: str | None = None,
    source_id: str | None = None,
    but: str | None = None,
) -> tuple[list[str], str | None]:
    """The same, with the id under which portals are told of it (``idp.logout.tell``); None where nobody is."""
    which = [LoginSession.account_id == account_id, LoginSession.id != (but or "")]
    if session_id is not None:
        which.append(LoginSession.id == session_id)
    if source_id is not None:
        which.append(LoginSession.source_id == source_id)
    ended = list(db.scalars(delete(LoginSession).where(*which).returning(LoginSession.id)))
    for each in ended:
        families.end(db, session_id=each, reason="logout")
    return ended, tell.queue(db, ended)


def of_account(db: Session, account_id: str) -> list[LoginSession]:
    """The account's sessions that are still good, the one used last first."""
    limits = settings.of(SignInSettings)
    now = clock.now()
    return list(
        db.scalars(
            select(LoginSession)
            .where(
                LoginSession.account_id == account_id,
                LoginSession.expires_at > now,
                LoginSession.last_seen_at > now - limits.longest_idle,
            )
            .order_by(LoginSession.last_seen_at.desc())
        )
    )
