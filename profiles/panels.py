"""The port for what others put on a person's pages: `subscriptions` brings messages; without it the pages work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """One message as the overview lists it; it opens at ``/me/messages/<id>``."""

    id: str
    title: str
    topic: str
    at: datetime
    read: bool


class MessagesPort(Protocol):
    def unread(self, db: Session, account_id: str) -> int:
        """How many messages the account has not read."""

    def latest(self, db: Session, account_id: str, count: int) -> Sequence[MessageLine]:
        """The newest first, at most ``count``."""


_installed: MessagesPort | None = None


def install_messages(port: MessagesPort | None) -> None:
    """Wiring names the one who brings messages."""
    global _installed  # noqa: PLW0603  # one per process
    _installed = port


def messages() -> MessagesPort | None:
    """Who brings messages; None where nobody does, and then no page speaks of them."""
    return _installed
