"""The few pieces of Markdown that references are made of."""

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table with the blank line that Markdown wants before and after it."""
    yield ""
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def code(text: object) -> str:
    return f"`{text}`" if str(text) else ""


def first_sentence(thing: object) -> str:
    """What a docstring says before its first empty line or field list, on one line."""
    text = inspect.getdoc(thing) or ""
    return prose(re.split(r"\n\s*\n|:raises |:param ", text, maxsplit=1)[0])


def prose(text: str) -> str:
    """A docstring's words as Markdown: on one line, with single back quotes."""
    return " ".join(text.replace("``", "`").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
