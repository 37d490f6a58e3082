"""What all tables have in common: a header that must be known, and rows whose cells stand under it."""

from collections.abc import Sequence

from flask_babel import gettext as _

from profiles.feeds.findings import Finding
from profiles.feeds.format import Fields, Unreadable
from profiles.feeds.reading import Columns, clean


def check_header(header: Sequence[str], columns: Columns, line: int) -> None:
    """Raises `Unreadable` for a header with no known column, or one column twice."""
    named = [name for name in header if name]
    twice = sorted({clean(name) for name in named if named.count(name) > 1})
    if twice:
        raise Unreadable("repeated_column", _("列名%(names)s重复", names=_("、").join(twice[:5])), line=line)
    if not columns.known(named):
        required = _("、").join(column.aliases[0] if column.aliases else column.name for column in columns.all[:8])
        raise Unreadable(
            "unknown_columns", _("第一行没有一个认识的列名。可用的列名如：%(names)s", names=required), line=line
        )


def row_fields(cells: Sequence[object], header: Sequence[str]) -> Fields:
    """A row by its header. Cells beyond it mean that the row has shifted; missing ones at the end are told."""
    extra = [cell for cell in cells[len(header) :] if cell not in {None, ""}]
    args = {"found": len(cells), "expected": len(header)}
    if extra:
        return Fields(findings=(Finding(code="too_many_cells", args=args),), refused=True)
    findings = (Finding(code="too_few_cells", args=args),) if len(cells) < len(header) else ()
    values = {name: cell for name, cell in zip(header, cells, strict=False) if name}
    return Fields(values=values, findings=findings)
