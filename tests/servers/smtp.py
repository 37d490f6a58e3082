"""A real SMTP server that keeps what it is sent."""

import email
import email.policy
import threading
from dataclasses import dataclass
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.process import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


class Smtp:
    """``received`` holds what arrived since ``clear()``."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._answers: list[str] = []
        self._arrived = threading.Condition()
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.port}"

    def refuse(self, *answers: str) -> None:
        """``refuse("451 4.3.0 try later")``: one answer for each of the next messages."""
        self._answers.extend(answers)

    def clear(self) -> None:
        self.received.clear()
        self._answers.clear()

    def wait_for(self, count: int, *, seconds: float = 10) -> list[Received]:
        """The messages as soon as there are ``count``."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.received) >= count, seconds):
                raise AssertionError(f"{len(self.received)} of {count} messages arrived")
        return self.received

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._answers:
            return self._answers.pop(0)
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message = email.message_from_bytes(content, policy=email.policy.default)
        received = Received(sender=envelope.mail_from or "", recipients=tuple(envelope.rcpt_tos), message=message)
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
        return "250 2.0.0 kept"

    def stop(self) -> None:
        self._controller.stop()
