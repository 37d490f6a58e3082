"""Reading the inbox: keyset pages, newest first, in the reader's language."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from kernel import clock
from subscriptions.models.message import Delivery, InboxMessage
from subscriptions.rule import rules

PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message as the page shows it."""

    id: str
    title: str
    text: str
    action: str
    topic: str
    icon: str
    link: str | None
    at: datetime
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    lines: list[Line]
    older: str | None  # pass as `before` for the next page


def inbox(db: Session, account_id: str, *, before: str | None = None, limit: int = PAGE) -> Page:
    """One page of an account's messages; `before` is the last id of the page above."""
    query = select(InboxMessage).where(InboxMessage.account_id == account_id)
    if before:
        query = query.where(InboxMessage.id < before)
    rows = db.scalars(query.order_by(InboxMessage.id.desc()).limit(limit + 1)).all()
    lines = [_line(row) for row in rows[:limit]]
    return Page(lines=lines, older=lines[-1].id if len(rows) > limit else None)


def unread(db: Session, account_id: str) -> int:
    """How many are unread, counted to 100: a badge says 99+ beyond that."""
    first = (
        select(InboxMessage.id)
        .where(InboxMessage.account_id == account_id, InboxMessage.read_at.is_(None))
        .limit(100)
        .subquery()
    )
    return db.execute(select(func.count()).select_from(first)).scalar_one()


def message(db: Session, account_id: str, message_id: str) -> Line | None:
    """One of the account's own messages."""
    row = db.scalar(select(InboxMessage).where(InboxMessage.account_id == account_id, InboxMessage.id == message_id))
    return _line(row) if row else None


def mailed_at(db: Session, message_id: str) -> datetime | None:
    """When a copy went out by e-mail."""
    return db.scalar(
        select(Delivery.sent_at)
        .join(InboxMessage, InboxMessage.intent_id == Delivery.intent_id)
        .where(InboxMessage.id == message_id, Delivery.channel == "email")
    )


def mark_read(db: Session, account_id: str, *, message_id: str | None = None) -> None:
    """One message, or all that the account has."""
    change = update(InboxMessage).where(InboxMessage.account_id == account_id, InboxMessage.read_at.is_(None))
    if message_id:
        change = change.where(InboxMessage.id == message_id)
    db.execute(change.values(read_at=clock.now()))


def _line(row: InboxMessage) -> Line:
    rule = rules()[row.rule]
    words = rule.words(row.facts)
    return Line(
        id=row.id,
        title=words.title,
        text=words.text,
        action=words.action,
        topic=rule.topic(),
        icon=rule.icon,
        link=row.link,
        at=row.created_at,
        read=row.read_at is not None,
    )
