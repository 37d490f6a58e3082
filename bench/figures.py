"""What was measured, round by round, so that both sides of a ratio come from the same minute."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.load import Load

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL + Redis"
MEMORY, REDIS = "oidc-provider, memory", "oidc-provider, Redis"
BARE = "bare WSGI"
OURS = (SQLITE, POSTGRESQL)
PEERS = (MEMORY, REDIS)


def _rounds() -> dict[tuple[str, str], list[Any]]:
    return defaultdict(list)


@dataclass(slots=True)
class Figures:
    """Lists by (who, what). ``inside``: microseconds of processor time in the process; ``behind``: loads on a server.

    ``extra`` holds single facts of the other measurements.
    """

    inside: dict[tuple[str, str], list[float]] = field(default_factory=_rounds)
    behind: dict[tuple[str, str], list[Load]] = field(default_factory=_rounds)
    counts: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    pss: dict[str, float] = field(default_factory=dict)
    grown: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=_rounds)
    isolation: dict[tuple[str, str], tuple[Load, Load]] = field(default_factory=dict)
    floods: dict[str, Load] = field(default_factory=dict)
    sweeps: dict[str, tuple[Load, Load, dict[str, float]]] = field(default_factory=dict)
    first: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lazy: dict[str, bool] = field(default_factory=dict)

    def us(self, who: str, what: str) -> float:
        return median(self.inside[who, what])

    def load(self, who: str, what: str, member: str) -> float:
        return float(median(getattr(one, member) for one in self.behind[who, what]))

    def other(self, who: str, what: str, name: str) -> float:
        """Processor time of a database beside the server, for each request."""
        return median(one.others.get(name, 0.0) for one in self.behind[who, what])


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' ratios: a machine that slows down for a while slows both sides."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))
