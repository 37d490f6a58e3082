"""Short-lived shared values: one-time objects, counters, caches. Only what may be lost; the database holds
the rest.

In memory for one process, in Redis for several; the callers cannot tell which. One conformance test runs over
both.
"""

import heapq
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from kernel import clock, settings
from kernel.errors import Unavailable

MOST_ENTRIES: Final = 100_000
MOST_CHARACTERS: Final = 64 * 1024 * 1024
SOCKET_SECONDS: Final = 1.0
NAMESPACE: Final = "kapok:"


class KeyValue(Protocol):
    """Text by key; every value has a time to live in whole seconds, at least 1."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str, ttl_seconds: int) -> None: ...

    def add(self, key: str, value: str, ttl_seconds: int) -> bool:
        """Set it only where nothing is; True when this call did."""

    def take(self, key: str) -> str | None:
        """Get and delete in one step: of several callers one gets the value."""

    def delete(self, key: str) -> None: ...

    def increment(self, key: str, ttl_seconds: int) -> int:
        """Count up and answer the new count; the first call starts the time to live, later ones leave it."""

    def ping(self) -> None:
        """Return if the store answers.

        :raises Unavailable: as every other call does when it does not.
        """


class MemoryStore:
    """For one process. Bounded in entries and in characters: when full, what would expire first goes first."""

    def __init__(self, most_entries: int = MOST_ENTRIES, most_characters: int = MOST_CHARACTERS) -> None:
        self._most = most_entries
        self._most_characters = most_characters
        self._characters = 0
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[str, float]] = {}
        self._expiries: list[tuple[float, str]] = []  # a heap; entries overwritten since are skipped when met

    def get(self, key: str) -> str | None:
        with self._lock:
            return self._live(key)

    def set(self, key: str, value: str, ttl_seconds: int) -> None:
        with self._lock:
            self._put(key, value, _now() + _checked(ttl_seconds))

    def add(self, key: str, value: str, ttl_seconds: int) -> bool:
        with self._lock:
            if self._live(key) is not None:
                return False
            self._put(key, value, _now() + _checked(ttl_seconds))
            return True

    def take(self, key: str) -> str | None:
        with self._lock:
            value = self._live(key)
            self._drop(key)
            return value

    def delete(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def increment(self, key: str, ttl_seconds: int) -> int:
        with self._lock:
            found = self._live(key)
            if found is None:
                self._put(key, "1", _now() + _checked(ttl_seconds))
                return 1
            count = int(found) + 1
            self._hold(key, str(count), self._entries[key][1])
            return count

    def ping(self) -> None:
        return

    def _live(self, key: str) -> str | None:
        entry = self._entries.get(key)
        return entry[0] if entry is not None and entry[1] > _now() else None

    def _put(self, key: str, value: str, expires: float) -> None:
        self._hold(key, value, expires)
        heapq.heappush(self._expiries, (expires, key))
        now = _now()
        while self._expiries and (self._expiries[0][0] <= now or self._full):
            moment, oldest = heapq.heappop(self._expiries)
            if self._entries.get(oldest, ("", -1.0))[1] == moment:
                self._drop(oldest)
        if len(self._expiries) > 2 * self._most:  # one key rewritten again and again leaves its old moments behind
            self._expiries = [(moment, name) for name, (_, moment) in self._entries.items()]
            heapq.heapify(self._expiries)

    @property
    def _full(self) -> bool:
        return len(self._entries) > self._most or self._characters > self._most_characters

    def _hold(self, key: str, value: str, expires: float) -> None:
        self._drop(key)
        self._entries[key] = (value, expires)
        self._characters += len(key) + len(value)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._characters -= len(key) + len(entry[0])


class ProcessStore(MemoryStore):
    """For one process, with a room of their own for marks (``add``) and counts: what anybody can make us keep, such as
    requests that wait for a sign-in, must not push out what says that something was used, or how often.
    """

    def __init__(self, most_entries: int = MOST_ENTRIES, most_characters: int = MOST_CHARACTERS) -> None:
        super().__init__(most_entries, most_characters)
        self._marks = MemoryStore(most_entries, most_characters)

    def get(self, key: str) -> str | None:
        found = super().get(key)
        return self._marks.get(key) if found is None else found

    def set(self, key: str, value: str, ttl_seconds: int) -> None:
        super().set(key, value, ttl_seconds)
        self._marks.delete(key)

    def add(self, key: str, value: str, ttl_seconds: int) -> bool:
        return super().get(key) is None and self._marks.add(key, value, ttl_seconds)

    def take(self, key: str) -> str | None:
        found = super().take(key)
        return self._marks.take(key) if found is None else found

    def delete(self, key: str) -> None:
        super().delete(key)
        self._marks.delete(key)

    def increment(self, key: str, ttl_seconds: int) -> int:
        return self._marks.increment(key, ttl_seconds)


class RedisStore:
    """For several processes. Short deadlines: a store that hangs is a store that is down, ``Unavailable``."""

    def __init__(self, url: str) -> None:
        import redis  # not in the memory of a process that has no Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._fault = redis.RedisError
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            # Once more for a pooled connection that Redis closed meanwhile; never after a deadline.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )

    def get(self, key: str) -> str | None:
        with self._answering():
            return _text(self._redis.get(NAMESPACE + key))

    def set(self, key: str, value: str, ttl_seconds: int) -> None:
        with self._answering():
            self._redis.set(NAMESPACE + key, value, ex=_checked(ttl_seconds))

    def add(self, key: str, value: str, ttl_seconds: int) -> bool:
        with self._answering():
            return bool(self._redis.set(NAMESPACE + key, value, ex=_checked(ttl_seconds), nx=True))

    def take(self, key: str) -> str | None:
        with self._answering():
            return _text(self._redis.getdel(NAMESPACE + key))

    def delete(self, key: str) -> None:
        with self._answering():
            self._redis.delete(NAMESPACE + key)

    def increment(self, key: str, ttl_seconds: int) -> int:
        with self._answering(), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(NAMESPACE + key, 0, ex=_checked(ttl_seconds), nx=True)
            pipe.incr(NAMESPACE + key)
            return int(pipe.execute()[1])

    def ping(self) -> None:
        with self._answering():
            self._redis.ping()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except self._fault as error:
            raise Unavailable("store_unavailable", detail=f"Redis: {error}") from error


_store: KeyValue | None = None


def configure(url: str | None) -> None:
    """Use Redis at ``url``, or this process's memory for None."""
    global _store  # noqa: PLW0603  # one per process
    _store = RedisStore(url) if url else ProcessStore()


def store() -> KeyValue:
    if _store is None:
        configure(settings.of(settings.KernelSettings).redis_url)
    assert _store is not None
    return _store


def _now() -> float:
    return clock.now().timestamp()


def _checked(ttl_seconds: int) -> int:
    if ttl_seconds < 1:
        raise ValueError("a time to live is at least one second")
    return ttl_seconds


def _text(value: object) -> str | None:
    return None if value is None else str(value)
