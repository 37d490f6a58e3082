"""Comma-separated values (RFC 4180) with a header; `,`, `;`, `|` and tabs separate. Each row keeps its text.

A row with a broken quote is refused by itself: the lines behind it are read anew.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

from flask_babel import gettext as _

from profiles.feeds.encoding import decode
from profiles.feeds.findings import Finding
from profiles.feeds.format import (
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_RECORDS,
    Batch,
    Fields,
    Sent,
    Shape,
    Unreadable,
    too_many,
)
from profiles.feeds.reading import Columns
from profiles.feeds.table import check_header, row_fields

_DELIMITERS: Final = ",\t;|"
_MOST_CELL: Final = 64 * 1024
_MOST_LINES: Final = 200
"""Lines that one row may go over: an open quote swallows no more of its neighbours."""
_MOST_IN_VAIN: Final = MOST_BYTES
"""Characters that are read in search of quotes that never close; after that each line of the file stands for itself."""
_MOST_LINES_IN_ALL: Final = 1_000_000

_ROUNDED: Final = re.compile(r"[0-9](\.[0-9]+)?E\+(1[5-9]|[2-9][0-9])")
"""What Excel writes for a number of more than fifteen digits."""

csv.field_size_limit(_MOST_CELL)


class Csv:
    name = "csv"
    media_types = ("text/csv", "application/csv", "application/vnd.ms-excel")

    def read(self, body: bytes, *, charset: str | None, columns: Columns) -> Batch:
        text, encoding = decode(body, charset)
        if text.count("\n") + text.count("\r") > _MOST_LINES_IN_ALL:
            raise too_many()
        lines = _lines(text)
        start = next((i for i, line in enumerate(lines) if line.strip("\r\n\t ,;|")), None)
        if start is None:
            raise Unreadable("no_header", _("文件是空的。第一行写列名"), line=1)
        delimiter = max(_DELIMITERS, key=lambda mark: columns.known(_cells(lines[start], mark) or ()))
        header = _cells(lines[start], delimiter)
        if header is None or len(header) > MOST_COLUMNS:
            raise Unreadable("bad_header", _("表头这一行无法识别"), line=start + 1)
        check_header(header, columns, start + 1)
        records: list[Sent] = []
        for record in _rows(lines, start + 1, delimiter):
            if len(records) == MOST_RECORDS:
                raise too_many()
            records.append(record)
        return Batch(records=records, encoding=encoding, header=header, delimiter=delimiter)

    def fields(self, content: str, shape: Shape) -> Fields:
        cells = _cells(content, shape.delimiter or ",")
        if cells is None:
            return Fields(findings=(Finding(code="broken_row", args={"line": 1}),), refused=True)
        header = shape.header or ()
        found = row_fields(cells, header)
        lost = tuple(
            Finding(code="lost_precision", field=name)
            for name, cell in zip(header, cells, strict=False)
            if "E+" in cell and _ROUNDED.fullmatch(cell)
        )
        return Fields(values=found.values, findings=(*found.findings, *lost), refused=found.refused)


def _lines(text: str) -> list[str]:
    """Lines that end with CR, LF or CRLF; `str.splitlines` also cuts at form feeds and U+2028."""
    return list(io.StringIO(text, newline=""))


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of exactly one row; None when the text is not one."""
    try:
        rows = list(csv.reader(_lines(text), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return [_bare(cell.strip()) for cell in rows[0]] if len(rows) == 1 else None


def _bare(cell: str) -> str:
    """Without the marks by which people keep Excel from turning long numbers into values: `="4401…"`, `'4401…`."""
    if cell[:2] == '="' and cell[-1:] == '"':
        return cell[2:-1]
    return cell[1:] if cell[:1] == "'" and cell[1:2].isdigit() else cell


def _rows(lines: Sequence[str], at: int, delimiter: str) -> Iterator[Sent]:
    in_vain = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip("\r\n\t ,;|"):
            at += 1
            continue
        most = _MOST_LINES if in_vain < _MOST_IN_VAIN else 1
        taken, read = (1, 1) if '"' not in line else _taken(lines[at : at + most], delimiter)
        if taken:
            yield Sent(content="".join(lines[at : at + taken]).rstrip("\r\n"))
        else:
            in_vain += sum(map(len, lines[at : at + read]))
            yield Sent(content=line.rstrip("\r\n"), fault=Finding(code="broken_row", args={"line": at + 1}))
        at += taken or 1


def _taken(lines: Sequence[str], delimiter: str) -> tuple[int, int]:
    """How many of the lines the first row goes over, 0 when its quotes never close; and how many were read for that."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        next(reader)
    except (csv.Error, StopIteration):
        return 0, reader.line_num
    return reader.line_num, reader.line_num


plugin = Csv()
