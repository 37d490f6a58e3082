"""Identifiers that sort by time, and secrets that cannot be guessed."""

import os
import secrets
import threading
import time

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A UUIDv7 as 32 hex digits (RFC 9562 §5.7), strictly rising within a process.

    The 12 bits after the milliseconds carry the fraction of the millisecond (§6.2 method 3), so that ids of
    different processes also sort by time to about 0.25 µs. Real time, not ``kernel.clock``: an id names, it
    does not date.
    """
    global _last  # noqa: PLW0603  # the last tick handed out, so that two ids never share one
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    tick = milliseconds << 12 | (rest << 12) // 1_000_000
    with _lock:
        _last = tick = max(tick, _last + 1)
    number = (tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62
    number |= int.from_bytes(os.urandom(8)) >> 2
    return f"{number:032x}"


def new_secret(nbytes: int = 32) -> str:
    """A URL-safe secret of ``nbytes`` random bytes (43 characters for the usual 32)."""
    return secrets.token_urlsafe(nbytes)
