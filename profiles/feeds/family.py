"""What a family of data is: its columns, how one record is read, how a chunk of them is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from sqlalchemy.orm import Session

from profiles.feeds.findings import Finding, Text
from profiles.feeds.reading import Columns, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one record says, ready to be written.

    `key` names what it is about and holds no ID number; `label` is the same for people. `reported_at` is the
    sender's time of the record, None where it has none. `value` is the family's own.
    """

    key: str
    label: str
    version: int = 1
    reported_at: datetime | None = None
    value: Any


@dataclass(slots=True, kw_only=True)
class Entry:
    """One record on its way through a chunk."""

    raw_id: str
    position: int
    received_at: datetime
    told: Told | None = None
    content_key: str | None = None
    versioned: bool = False
    """The record tells its version."""
    version_column: str = "version"
    timed: bool = False
    """The record tells when it was reported."""
    findings: list[Finding] = field(default_factory=list)
    refused: bool = False
    duplicate: bool = False

    @property
    def reported_at(self) -> datetime:
        """When it was told: the sender's time, otherwise the time of receipt.

        Never later than receipt: a sender's clock that runs ahead must not win for years.
        """
        told = self.told.reported_at if self.told else None
        return min(told, self.received_at) if told else self.received_at

    @property
    def precedence(self) -> tuple[int, datetime, str]:
        """Who wins among records of one key: version, then told later, then received later."""
        return (self.told.version if self.told else 0, self.reported_at, self.raw_id)

    @property
    def status(self) -> str:
        if self.refused:
            return "refused"
        if self.duplicate:
            return "duplicate"
        return "accepted_with_findings" if self.findings else "accepted"


@runtime_checkable
class Family(Protocol):
    """A plug-in of `families/`: `name` is the last part of its address and of its scope."""

    name: str
    title: Text
    columns: Columns

    def read(self, reading: Reading, *, hint: str | None) -> Told | None:
        """Interpret one record; None when it was refused. Pure: no database."""
        ...

    def apply(self, db: Session, department_id: str, entries: Sequence[Entry]) -> None:
        """Write a chunk of accepted, new records. Must not depend on their order."""
        ...

    def withdraw(self, db: Session, raw_ids: Sequence[str]) -> None:
        """Take back what these records brought: read again, they are refused now."""
        ...
