"""What a channel is: a way to reach a person outside the page, and how honest it can be about the outcome."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from kernel.plugins import discover


class Outcome(Enum):
    """What is known after a call."""

    SENT = "sent"
    NOT_SENT = "not_sent"  # certain: may be tried again
    REFUSED = "refused"  # certain and final: the address or the message was refused
    UNKNOWN = "unknown"  # the far end may have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent. `reference` is ours, the same at every attempt; channels use it so that a repeat is no second."""

    reference: str
    address: str
    subject: str
    text: str
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    outcome: Outcome
    problem: str | None = None  # for operators; never an address or a secret


@runtime_checkable
class Channel(Protocol):
    """One file in `channels/`, offered as `plugin`."""

    name: str

    def ready(self) -> bool:
        """Whether settings allow this channel to be used."""
        ...

    def send(self, letter: Letter) -> Result:
        """Hand the letter over. Called outside any transaction; has its own deadline."""
        ...

    def find(self, reference: str) -> Outcome:
        """After a crash in mid-call: what became of this reference? UNKNOWN where the far end cannot be asked."""
        ...


def channels() -> dict[str, Channel]:
    """All channels by name."""
    return discover("subscriptions.channels", Channel)  # type: ignore[type-abstract]
