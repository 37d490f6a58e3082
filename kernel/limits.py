"""How often something may be asked: counters in the key-value store, shared by all web processes when it is Redis."""

from kernel import keyvalue


def allow(key: str, *, limit: int, window_seconds: int) -> bool:
    """Count one attempt and tell whether it is still among the first ``limit`` of the running window."""
    return keyvalue.store().increment(f"limit:{key}", window_seconds) <= limit


def reached(key: str, *, limit: int) -> bool:
    """Whether the running window has had its ``limit``; counts nothing. For what counts only where it went wrong."""
    return int(keyvalue.store().get(f"limit:{key}") or 0) >= limit
