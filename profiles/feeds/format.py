"""What a format of batches is: from bytes to records, each with its text as sent.

`read` cuts a body into records; `fields` reads one record back from its stored text, for all time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from kernel.errors import AppError, Text
from profiles.feeds.findings import Finding
from profiles.feeds.reading import Columns

MOST_RECORDS: Final = 10_000
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_RECORD: Final = 256 * 1024
"""Characters of one record; a larger one is refused by itself."""
MOST_COLUMNS: Final = 256


class Unreadable(AppError):
    """A body that is no batch of its format: nothing of it can be told apart, so nothing is stored."""

    code = "unreadable_batch"
    status = 400

    def __init__(self, code: str, message: Text, *, line: int | None = None, column: int | None = None) -> None:
        self.line = line
        self.column = column
        super().__init__(code, message=message)


class TooManyRecords(AppError):
    code = "too_many_records"
    status = 413


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One record's text as sent; `fault` when it is no record at all."""

    content: str
    fault: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`encoding` is what was found: `utf-8`, `utf-8-sig`, `gbk`, `gb18030`, or `binary`."""

    records: Sequence[Sent]
    encoding: str
    header: list[str] | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the rows of one table share."""

    header: Sequence[str] | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One record by the sender's column names; numbers as text, as they were written."""

    values: Mapping[str, object] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    refused: bool = False


@runtime_checkable
class Format(Protocol):
    name: str
    media_types: tuple[str, ...]

    def read(self, body: bytes, *, charset: str | None, columns: Columns) -> Batch:
        """Cut a body into records. Raises `Unreadable` and `TooManyRecords`."""
        ...

    def fields(self, content: str, shape: Shape) -> Fields:
        """One stored record. Raises nothing: what cannot be read is refused with its findings."""
        ...


def too_many() -> TooManyRecords:
    from flask_babel import gettext as _

    return TooManyRecords(message=_("一次最多报送%(most)s条记录，请分批报送", most=MOST_RECORDS))
