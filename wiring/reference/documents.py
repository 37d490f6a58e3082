"""What is in docs/reference/, by file name."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import profiles.feeds.reference
from wiring.reference import commands, connectors, endpoints, errors, events, oauth_errors, settings

NOTE: Final = "<!-- Made from the code by `make reference`; a test compares the two. -->\n\n"


def _joined(lines: Callable[[], Iterator[str]]) -> str:
    """Lines with single empty ones between them."""
    kept: list[str] = []
    for line in lines():
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).rstrip("\n") + "\n"


_DOCUMENTS: Final[Mapping[str, Callable[[], str]]] = {
    "settings.md": lambda: _joined(settings.lines),
    "endpoints.md": lambda: _joined(endpoints.lines),
    "events.md": lambda: _joined(events.lines),
    "errors.md": lambda: _joined(errors.lines),
    "oauth-errors.md": lambda: _joined(oauth_errors.lines),
    "feeds.md": profiles.feeds.reference.markdown,
    "connectors.md": lambda: _joined(connectors.lines),
    "commands.md": lambda: _joined(commands.lines),
}


def documents() -> dict[str, str]:
    """Every document's text, in the source language where it quotes sentences for people."""
    return {name: NOTE + make() for name, make in _DOCUMENTS.items()}
