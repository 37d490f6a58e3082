"""Mail as files, for the demo: a file named by the reference makes a repeat no second letter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

from kernel import settings
from kernel.ids import new_id
from subscriptions.channel import Letter, Outcome, Result
from subscriptions.mail.compose import compose
from subscriptions.settings import SubscriptionsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMail:
    reference: str
    to: str
    subject: str
    text: str
    at: datetime


def place() -> Path | None:
    """Where mail is kept; None when mail is really sent, or nowhere."""
    mine = settings.of(SubscriptionsSettings)
    kernel = settings.of(settings.KernelSettings)
    if mine.mail_folder:
        return mine.mail_folder
    return kernel.instance_dir / "mail" if kernel.demo and not mine.smtp_url else None


def send(folder: Path, letter: Letter) -> Result:
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{new_id()}"
    draft.write_bytes(compose(letter).as_bytes())
    draft.replace(folder / f"{letter.reference}.eml")
    return Result(outcome=Outcome.SENT)


def find(folder: Path, reference: str) -> Outcome:
    return Outcome.SENT if (folder / f"{reference}.eml").exists() else Outcome.NOT_SENT


def newest(folder: Path, limit: int = 50) -> Iterator[KeptMail]:
    """Kept mail, newest first: references are UUIDv7, so names sort by time."""
    for path in sorted(folder.glob("*.eml"), reverse=True)[:limit]:
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        yield KeptMail(
            reference=path.stem,
            to=str(message["To"]),
            subject=str(message["Subject"]),
            text=str(body.get_content()) if body else "",
            at=parsedate_to_datetime(str(message["Date"])),
        )
