"""One JSON object as a record: numbers stay the text that was sent, so that no code or ID number is rounded."""

import json
from typing import Final, NoReturn

from profiles.feeds.findings import Finding
from profiles.feeds.format import Fields

_DEEPEST: Final = 6


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


def end_of(text: str, at: int) -> int | None:
    """Where the value that begins at `at` ends, None when there is no value."""
    try:
        return _DECODER.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return None


def error_at(text: str, at: int) -> int:
    """Where the value that begins at `at` breaks."""
    try:
        _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        return error.pos if error.doc is text else at
    except (ValueError, RecursionError):
        pass
    return at


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column of a position, from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def fields(content: str) -> Fields:
    """The record in a stored text."""
    try:
        value, end = _DECODER.raw_decode(content, 0)
    except (ValueError, RecursionError):
        line, column = place(content, error_at(content, 0))
        return _refused(Finding(code="invalid_json", args={"line": line, "column": column}))
    if content[end:].strip():
        line, column = place(content, end)
        return _refused(Finding(code="invalid_json", args={"line": line, "column": column}))
    if not isinstance(value, dict) or _depth(value) > _DEEPEST:
        return _refused(Finding(code="not_an_object"))
    return Fields(values=value)


def _refused(finding: Finding) -> Fields:
    return Fields(findings=(finding,), refused=True)


def _depth(value: object) -> int:
    """How deep a value is nested, counted no further than needed."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        depth += 1
        level = [
            child
            for one in level
            if isinstance(one, (dict, list))
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, (dict, list))
        ]
    return depth
