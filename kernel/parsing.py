"""Strict reading of what comes from outside: what Python takes and no database can store is refused."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from kernel.errors import Invalid

_UNSTORABLE: Final = re.compile("[\ud800-\udfff\0]")


def parse_json(text: bytes) -> Any:
    """Strict JSON: UTF-8, no NaN or Infinity, no null character and no half of a surrogate pair anywhere in it."""
    with refusing("JSON is not readable", code="invalid_json"):
        value = json.loads(text.decode("utf-8-sig"), parse_constant=_no_constant)
    # Only an escape can bring these in: raw, the decoder and the JSON grammar refuse them already.
    if b"\\u" in text and any(_UNSTORABLE.search(string) for string in _strings(value)):
        raise Invalid(code="invalid_json", detail="null character or lone surrogate")
    return value


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _no_constant(name: str) -> float:
    raise ValueError(name)


class refusing:  # noqa: N801  reads as the statement it is
    """Turns what Python's parsers raise on bad input into ``Invalid``."""

    __slots__ = ("_code", "_detail")

    def __init__(self, detail: str, *, code: str = "malformed_request") -> None:
        self._detail = detail
        self._code = code

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ValueError, RecursionError)):
            raise Invalid(code=self._code, detail=f"{self._detail}: {type(error).__name__}") from None


def refuse_nul(values: Iterable[str]) -> None:
    # PostgreSQL cannot store U+0000 in text; nobody sends it by accident.
    if any("\0" in value for value in values):
        raise Invalid(code="malformed_request", detail="null character")
