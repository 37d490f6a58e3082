"""Which portals a session was used with, and queueing what those are told that want to hear of its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from idp.models.client import Client
from idp.models.logout import LogoutDelivery
from idp.models.token import TokenFamily
from kernel import clock, doorbell
from kernel.db import after_commit
from kernel.ids import new_id

BACK: Final = "backchannel_logout_uri"
FRONT: Final = "frontchannel_logout_uri"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A portal that a session was used with, and the name the person has there."""

    session_id: str
    client_id: str
    name: str
    sub: str
    registered: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One portal on the page after a logout. ``state``: ``waiting``, ``confirmed``, or ``silent`` when we gave up."""

    name: str
    state: str
    at: datetime | None


def visited(db: Session, session_ids: Sequence[str]) -> list[Visited]:
    """The portals of these sessions, by name; what became of their tokens since does not matter."""
    rows = db.execute(
        select(TokenFamily.session_id, Client.id, Client.name, TokenFamily.sub, Client.registered)
        .join(Client, Client.id == TokenFamily.client_id)
        .where(TokenFamily.session_id.in_(session_ids))
        .order_by(Client.name, Client.id)
    )
    found = {
        (row[0], row[1]): Visited(session_id=row[0], client_id=row[1], name=row[2], sub=row[3], registered=row[4])
        for row in rows
    }
    return list(found.values())


def queue(db: Session, session_ids: Sequence[str]) -> str | None:
    """Queue a logout token for each portal that registered where to send one; the id of this logout, if any."""
    told = [each for each in visited(db, session_ids) if each.registered.get(BACK)] if session_ids else []
    if not told:
        return None
    logout_id, now = new_id(), clock.now()
    rows = [
        {
            "id": new_id(),
            "logout_id": logout_id,
            "client_id": each.client_id,
            "sub": each.sub,
            "session_id": each.session_id,
            "created_at": now,
            "due_at": now,
            "attempts": 0,
        }
        for each in told
    ]
    db.execute(insert(LogoutDelivery), rows)
    after_commit(db, doorbell.ring)
    return logout_id


def outcome(db: Session, logout_id: str) -> list[Told]:
    """What became of each portal's message."""
    rows = db.execute(
        select(Client.name, LogoutDelivery.confirmed_at, LogoutDelivery.given_up_at)
        .join(Client, Client.id == LogoutDelivery.client_id)
        .where(LogoutDelivery.logout_id == logout_id)
        .order_by(Client.name)
    )
    return [
        Told(name=name, state="confirmed" if done else "silent" if given_up else "waiting", at=done or given_up)
        for name, done, given_up in rows
    ]
