"""Answers the personal page's questions about messages (the port that `profiles.panels` declares)."""

from sqlalchemy.orm import Session

from profiles.panels import MessageLine
from subscriptions import read


class Messages:
    """Implements `profiles.panels.MessagesPort`."""

    def unread(self, db: Session, account_id: str) -> int:
        return read.unread(db, account_id)

    def latest(self, db: Session, account_id: str, count: int) -> list[MessageLine]:
        return [
            MessageLine(id=line.id, title=line.title, topic=line.topic, at=line.at, read=line.read)
            for line in read.inbox(db, account_id, limit=count).lines
        ]
