"""The first sheet of an Excel workbook (ECMA-376), header in its first row that is not empty.

A workbook is a zip archive: what it inflates to and how far its cells reach is measured before it is opened. Each
row is kept as a JSON array of its cells.
"""

import io
import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from flask_babel import gettext as _
from python_calamine import CalamineError, load_workbook

from profiles.feeds.findings import Finding
from profiles.feeds.format import MOST_RECORDS, Batch, Fields, Sent, Shape, Unreadable, too_many
from profiles.feeds.reading import Columns
from profiles.feeds.table import check_header, row_fields
from profiles.feeds.workbook import check_archive

_EXACT: Final = 10**15
"""Excel keeps 15 digits: a longer number has lost its end."""
_Cell = int | float | str | bool | time | date | datetime | timedelta


class Xlsx:
    name = "xlsx"
    media_types = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",)

    def read(self, body: bytes, *, charset: str | None, columns: Columns) -> Batch:  # noqa: ARG002
        check_archive(body)
        rows = _rows(body)
        start = next((i for i, row in enumerate(rows) if any(cell != "" for cell in row)), None)
        if start is None:
            raise Unreadable("no_header", _("第一张工作表是空的。第一行写列名"), line=1)
        header = [_text(cell)[0].strip() for cell in rows[start]]
        check_header(header, columns, start + 1)
        filled = [row for row in rows[start + 1 :] if any(cell != "" for cell in row)]
        if len(filled) > MOST_RECORDS:
            raise too_many()
        return Batch(records=[_sent(row) for row in filled], encoding="binary", header=header)

    def fields(self, content: str, shape: Shape) -> Fields:
        cells = json.loads(content)
        header = shape.header or ()
        cells += [""] * (len(header) - len(cells))
        plain = [cell[0] if isinstance(cell, list) else cell for cell in cells]
        # A sheet has no separators: empty cells at the end of a row are nobody's fault.
        found = row_fields(plain + [""] * (len(header) - len(plain)), header)
        lost = tuple(
            Finding(code="lost_precision", field=name)
            for name, cell in zip(header, cells, strict=False)
            if isinstance(cell, list)
        )
        return Fields(values=found.values, findings=(*found.findings, *lost), refused=found.refused)


def _rows(body: bytes) -> Sequence[Sequence[_Cell]]:
    try:
        with load_workbook(io.BytesIO(body)) as book:
            return book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError, ValueError) as error:
        raise _unreadable() from error
    except BaseException as error:
        # A fault inside the reader arrives as a panic, which is no Exception; it is the file's fault all the same.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable() from None


def _unreadable() -> Unreadable:
    return Unreadable("unreadable_workbook", _("打不开这个Excel文件。请用Excel另存为.xlsx后重报，不要加密"))


def _sent(row: Sequence[_Cell]) -> Sent:
    cells = [[text] if lost else text for text, lost in map(_text, row)]
    while cells and cells[-1] == "":
        cells.pop()
    return Sent(content=json.dumps(cells, ensure_ascii=False, separators=(",", ":")))


def _text(cell: _Cell) -> tuple[str, bool]:
    """The cell as text, and whether its number has lost digits."""
    if isinstance(cell, bool):
        return ("true" if cell else "false"), False
    if isinstance(cell, float):
        whole = cell.is_integer()
        return (f"{cell:.0f}" if whole else repr(cell)), abs(cell) >= _EXACT
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat(), False
    return str(cell), False


plugin = Xlsx()
