"""A small cache inside the process, for what every request asks and what seldom changes: clients and signing keys.

A read of the database or of Redis costs more than an ES256 signature. What is kept here is up to ``seconds`` old in
other processes; acts that change something call ``forget`` in their own.
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Engine

from kernel import db

V = TypeVar("V")


class ProcessCache(Generic[V]):
    """Values by key, at most ``most`` of them, each for ``seconds``. Another database begins with an empty cache."""

    def __init__(self, *, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[float, V]] = {}
        self._engine: Engine | None = None

    def get(self, key: str, load: Callable[[], V | None]) -> V | None:
        """The value kept under ``key``, or what ``load`` answers; a None is not kept."""
        now = time.monotonic()
        if self._engine is not db.engine():
            self.forget()
            self._engine = db.engine()
        found = self._entries.get(key)
        if found is not None and now - found[0] < self._seconds:
            return found[1]
        value = load()
        with self._lock:
            self._entries.pop(key, None)
            if value is not None:
                if len(self._entries) >= self._most:
                    del self._entries[next(iter(self._entries))]  # the one loaded longest ago
                self._entries[key] = (now, value)
        return value

    def forget(self, key: str | None = None) -> None:
        """Drop one value, or all."""
        with self._lock:
            if key is None:
                self._entries.clear()
            else:
                self._entries.pop(key, None)
