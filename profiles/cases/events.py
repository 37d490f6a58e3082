"""The kinds of case events: the tables EX_GDBS_* of the province's exchange, one letter code each.

A department's records of one case come in any order, repeatedly, and corrected: `winners` leaves one event per
(kind, number), the one with the highest version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final

from kernel import clock

Payload = Mapping[str, str | int | bool | list[str]]

RANK: Final = {
    kind: rank
    for rank, kind in enumerate(("SB", "SBCL", "WSYSL", "BZGZ", "BZSL", "SL", "SPCL", "TBCXSQ", "TBCXJG", "BJ", "LQDJ"))
}
"""All kinds, in the order in which they happen when their times are equal (many departments tell only dates)."""

ALIASES: Final = {"BJGZ": "BZGZ", "BJSL": "BZSL"}
"""补交 is written for 补正 by part of the departments."""

SINGLE: Final = frozenset({"SB", "WSYSL", "SL", "BJ", "LQDJ"})
"""Kinds of which a case has one; the others are numbered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as one record told it. `raw_id` sorts by time of receipt."""

    kind: str
    seq: str = ""
    version: int = 1
    at: datetime
    reported_at: datetime
    raw_id: str = ""
    payload: Payload = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str]:
        return (self.kind, self.seq)

    @property
    def precedence(self) -> tuple[int, datetime, str]:
        """Who wins a place: the higher version; of one version, told later; told at one time, received later.

        A version number used twice is the sender's fault and gets a finding; the later word stands, and as the
        three parts are stored with the record, the winner does not depend on the order of interpretation.
        """
        return (self.version, self.reported_at, self.raw_id)


def winners(events: Iterable[Event]) -> list[Event]:
    """The event that counts of each place, ordered by business time."""
    best: dict[tuple[str, str], Event] = {}
    for event in events:
        held = best.get(event.place)
        if held is None or event.precedence > held.precedence:
            best[event.place] = event
    return sorted(best.values(), key=lambda event: (*order(event.at, event.kind), event.seq))


def order(at: datetime, kind: str) -> tuple[date, bool, datetime, int]:
    """What puts events in the order in which they happened.

    Midnight means that only a date was told: such an event comes after those of its day that have a time, and
    among themselves they come in the order of a case's life.
    """
    local = clock.local(at)
    return (local.date(), local.time() == time.min, at, RANK.get(kind, len(RANK)))
