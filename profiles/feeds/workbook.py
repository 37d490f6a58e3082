"""Is it safe to open this workbook? Measured on the archive itself, before any reader allocates for it.

A few kilobytes of zip can inflate to gigabytes, and a sheet with two far-away cells makes a reader allocate
everything between them. Sizes in the archive's directory can lie, so every part is inflated once and counted.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from flask_babel import gettext as _

from profiles.feeds.format import MOST_COLUMNS, MOST_RECORDS, Unreadable, too_many

_MOST_PARTS: Final = 1000
_OTHER_KINDS: Final = {"xl/workbook.bin", "content.xml", "mimetype"}
"""Marks of .xlsb and .ods, which the same reader would open unmeasured."""
_MOST_INFLATED: Final = 96 * 1024 * 1024
_PIECE: Final = 256 * 1024
_LOCAL_HEADER: Final = 30
_LAST_ROW: Final = MOST_RECORDS + 1000
"""Rows that may be looked at: the records, the header, and a few empty ones."""
_CELL: Final = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)0*([0-9]+)["']""")
_ROW: Final = re.compile(rb"""<(?:[^\s<>/:]+:)?row\s[^<]*?\br\s*=\s*["']0*([0-9]+)["']""")
_NUMBERED: Final = rb"""(?:\s+[^\s=<>"'/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*?\s+r\s*=\s*["']"""
_PLACE: Final = re.compile(
    rb"<(?:[^\s<>/:]+:)?(?:(row)(?=[\s/>])(?:" + _NUMBERED + rb"0*([0-9]+))?|c(?=[\s/>])(?!" + _NUMBERED + rb"))"
)
"""Every row, with its number where it has one, and the cells that have none."""
_LONGEST_TAG: Final = 64 * 1024
_LONGEST_REFERENCE: Final = 9
"""Digits or letters, leading zeros aside, of a place that is still worth computing."""


def check_archive(body: bytes) -> None:
    """Raises `Unreadable` for what is no workbook or would not stay small, `TooManyRecords` for too many rows."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise Unreadable("unreadable_workbook", _("这不是.xlsx文件。旧的.xls请另存为.xlsx或CSV")) from None
    names = {part.filename.replace("\\", "/").lower() for part in parts}
    if "xl/workbook.xml" not in names or names & _OTHER_KINDS:
        raise Unreadable("unreadable_workbook", _("这不是.xlsx文件。旧的.xls请另存为.xlsx或CSV"))
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_INFLATED:
        raise _too_large()
    left = _MOST_INFLATED
    for part in parts:
        open_tag, unnumbered = b"", _Unnumbered()
        for piece in _inflated(body, part):
            left -= len(piece)
            if left < 0:
                raise _too_large()
            text = open_tag + piece
            _check_reach(text)  # in any part: the workbook names its sheets freely
            end = max(text.rfind(b"<"), len(text) - _LONGEST_TAG)
            unnumbered.count(text[:end])
            open_tag = text[end:]
        unnumbered.count(open_tag)


def _inflated(body: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a part really holds, whatever the directory says of it, a piece at a time."""
    at = part.header_offset
    name, extra = (int.from_bytes(body[at + i : at + i + 2], "little") for i in (26, 28))
    start = at + _LOCAL_HEADER + name + extra
    if part.compress_type == zipfile.ZIP_STORED:
        yield body[start : start + part.compress_size]
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise Unreadable("unreadable_workbook", _("Excel文件的压缩方式不认识，请用Excel另存后重报"))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    rest = body[start : start + part.compress_size]
    try:
        while rest and not inflate.eof:
            yield inflate.decompress(rest, _PIECE)
            rest = inflate.unconsumed_tail
    except zlib.error:
        raise Unreadable("unreadable_workbook", _("Excel文件已损坏，请重新导出")) from None


def _check_reach(text: bytes) -> None:
    """How far the references of rows and cells reach."""
    cells = _CELL.findall(text)
    if any(_too_far(row) for _column, row in cells) or any(map(_too_far, _ROW.findall(text))):
        raise too_many()
    if any(_index(column) > MOST_COLUMNS for column in {column for column, _row in cells}):
        raise _too_wide()


class _Unnumbered:
    """Rows and cells without a reference follow the one before (ECMA-376-1 §18.3.1.4, §18.3.1.73): they are counted."""

    def __init__(self) -> None:
        self._row = 0
        self._cells = 0

    def count(self, text: bytes) -> None:
        for is_row, number in _PLACE.findall(text):
            if not is_row:
                self._cells += 1
                if self._cells > MOST_COLUMNS:
                    raise _too_wide()
                continue
            self._cells = 0
            self._row = self._row + 1 if not number or _too_far(number) else int(number)
            if self._row > _LAST_ROW:
                raise too_many()


def _too_far(row: bytes) -> bool:
    return len(row) > _LONGEST_REFERENCE or int(row) > _LAST_ROW


def _index(letters: bytes) -> int:
    """The number of a column; of a longer name than any column has, one that is too large."""
    if len(letters) > _LONGEST_REFERENCE:
        return MOST_COLUMNS + 1
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _too_wide() -> Unreadable:
    return Unreadable("too_many_columns", _("工作表超过%(most)s列，请删去多余的列", most=MOST_COLUMNS))


def _too_large() -> Unreadable:
    return Unreadable("inflated_too_large", _("Excel文件展开后太大，请分成几个文件，去掉图片和格式"))
