"""What a reminder rule is: words for one kind of message, and how near a deadline it speaks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kernel.plugins import discover

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A message in the reader's language: `title` is one line, `text` one or two sentences."""

    title: str
    text: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One file in `rules/`.

    `words` is called in the reader's locale with the facts stored at the time (never personal numbers).
    `days_before` are the steps before a deadline; empty for a rule that speaks at once.
    `urgent` ignores quiet hours: only for what a person must act on within hours.
    """

    name: str
    topic: Callable[[], str]
    words: Callable[[Facts], Words]
    icon: str
    days_before: tuple[int, ...] = ()
    urgent: bool = False


def rules() -> dict[str, Rule]:
    """All rules by name."""
    return discover("subscriptions.rules", Rule)
