"""Keyset cursors: where the next page of a list begins, opaque to whoever carries it."""

import base64
import binascii
import json
from datetime import datetime

from kernel.errors import Invalid


def dump(*values: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


def load(text: str, count: int) -> list[str]:
    """The `count` texts of a cursor; `Invalid` for anything else than what `dump` wrote."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        values = None
    if not (isinstance(values, list) and len(values) == count and all(_plain(value) for value in values)):
        raise Invalid(code="bad_cursor", detail="not a cursor of this list")
    return values


def _plain(value: object) -> bool:
    """Ids and dates, and nothing that a database could not take."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def instant(text: str) -> datetime:
    """An aware instant out of a cursor; `Invalid` for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid(code="bad_cursor", detail="no instant")
    return found
