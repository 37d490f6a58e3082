"""One city's trouble is nobody else's: per source a deadline, a limit of calls at once, a circuit breaker.

A call runs in a thread of its own, so the deadline holds whatever the protocol's library does with its
sockets. A call that outlives its deadline is abandoned but keeps its place until it really ends: a city that
hangs can hold at most ``concurrency`` threads of this process. After ``open_after`` failures in a row the
city is refused at once; when ``probe_after`` seconds have passed one call is let through, and its outcome
decides.

The state is this process's own: each web process finds out for itself, from real use.
"""

import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Literal, TypeVar

import structlog

from connectors.errors import ConnectorError, UpstreamUnavailable
from kernel import settings

T = TypeVar("T")
State = Literal["ok", "down"]

log = structlog.get_logger(__name__)
SHORTEST_WAIT = 0.05  # seconds; a socket timeout of zero would mean "do not block", not "give up"


class ConnectorSettings(settings.Section):
    """How long and how often a city is asked."""

    connector_deadline_seconds: float = settings.setting("seconds one call to a city may take in all (1 to 30)", 6.0)
    connector_concurrency: int = settings.setting("calls to one city at the same time, in each process", 16)
    connector_open_after: int = settings.setting("failures in a row after which a city is not asked for a while", 5)
    connector_probe_after_seconds: float = settings.setting("seconds after which such a city is tried again", 10.0)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment (``time.monotonic``) by which a call must have ended."""

    at: float

    def remaining(self) -> float:
        """Seconds left, never less than a moment: what a kind gives to its library as a timeout."""
        return max(SHORTEST_WAIT, self.at - time.monotonic())


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds for one call, calls at once, failures in a row until open, seconds until the probe."""

    deadline: float
    concurrency: int
    open_after: int
    probe_after: float


class Breaker:
    """Guards the calls to one source. ``city`` names it in errors and in the log."""

    def __init__(self, city: str, limits: Limits) -> None:
        self._city = city
        self._limits = limits
        self._lock = threading.Lock()
        self._running = 0
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """``down`` while calls are refused at once; ``ok`` again when the next call may be the probe."""
        with self._lock:
            return "down" if self._opened_at is not None and not self._may_probe(self._opened_at) else "ok"

    def call(self, work: Callable[[Deadline], T]) -> T:
        """What ``work`` answers, or raises; ``UpstreamUnavailable`` for too late, too many, or open."""
        deadline = Deadline(time.monotonic() + self._limits.deadline)
        probe = self._enter()
        result: Future[T] = Future()
        context = contextvars.copy_context()  # the log keeps its request id, sentences their language
        threading.Thread(target=context.run, args=(self._run, work, deadline, result), daemon=True).start()
        answered = False
        try:
            wait([result], timeout=deadline.remaining())
            if not result.done():
                raise UpstreamUnavailable(self._city, f"no answer within {self._limits.deadline:g} s")
            answer = result.result()
            answered = True
        except ConnectorError as error:
            answered = not isinstance(error, UpstreamUnavailable)  # a refusal is an answer
            raise
        finally:
            self._leave(answered=answered, probe=probe)
        return answer

    def _run(self, work: Callable[[Deadline], T], deadline: Deadline, result: "Future[T]") -> None:
        try:
            answer = work(deadline)
        except BaseException as error:  # noqa: BLE001  # handed to the caller, who raises it
            self._end_run()
            result.set_exception(error)
        else:
            self._end_run()
            result.set_result(answer)

    def _end_run(self) -> None:
        with self._lock:
            self._running -= 1

    def _enter(self) -> bool:
        """Take a place; whether this call is the probe of an open circuit."""
        with self._lock:
            probe = self._opened_at is not None
            if self._opened_at is not None and not self._may_probe(self._opened_at):
                raise UpstreamUnavailable(self._city, "circuit open")
            if self._running >= self._limits.concurrency:
                raise UpstreamUnavailable(self._city, f"{self._running} calls are running already")
            self._running += 1
            self._probing = self._probing or probe
            return probe

    def _may_probe(self, opened_at: float) -> bool:
        return not self._probing and time.monotonic() - opened_at >= self._limits.probe_after

    def _leave(self, *, answered: bool, probe: bool) -> None:
        with self._lock:
            if probe:
                self._probing = False
            was_open = self._opened_at is not None
            self._failures = 0 if answered else self._failures + 1
            if answered:
                self._opened_at = None
            elif probe or (not was_open and self._failures >= self._limits.open_after):
                self._opened_at = time.monotonic()
            is_open = self._opened_at is not None
        if is_open and not was_open:
            log.warning("city.down", city=self._city)
        elif was_open and not is_open:
            log.info("city.up", city=self._city)


_breakers: dict[str, Breaker] = {}


def of(source_id: str, city: str) -> Breaker:
    """The breaker of one source in this process."""
    found = _breakers.get(source_id)
    if found is None:
        configured = settings.of(ConnectorSettings)
        limits = Limits(
            deadline=configured.connector_deadline_seconds,
            concurrency=configured.connector_concurrency,
            open_after=configured.connector_open_after,
            probe_after=configured.connector_probe_after_seconds,
        )
        found = _breakers.setdefault(source_id, Breaker(city, limits))
    return found


def forget() -> None:
    """Begin anew with every source (tests; changed settings)."""
    _breakers.clear()
