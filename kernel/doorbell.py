"""The bell that wakes a worker: an event in this process or a message of Celery, as installed."""

from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_ring: Callable[[], None] | None = None


def install_ring(fn: Callable[[], None] | None) -> None:
    """Let ``ring`` call ``fn`` from now on. Called by the embedded worker, and by wiring for Celery."""
    global _ring  # noqa: PLW0603  # one bell per process
    _ring = fn


def ring() -> None:
    """Tell a worker that something is due. Never fails: what is not heard is found by the next sweep."""
    if _ring is None:
        return
    try:
        _ring()
    except Exception:  # a broker that is down delays work, it never undoes what is written
        log.warning("tasks.ring_failed", exc_info=True)
