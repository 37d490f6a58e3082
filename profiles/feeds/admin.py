"""/admin/feeds: the batches that departments sent, and what was found in them. Values are never shown here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import render_template, request, url_for
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.db import reading
from kernel.errors import NotFound, Text
from kernel.web import Access, blueprint
from profiles import cursor
from profiles.feeds.findings import told
from profiles.feeds.registry import families
from profiles.models.department import Department
from profiles.models.raw import FeedBatch, RawRecord

pages = blueprint("feeds_admin", __name__, access=Access.ADMIN, url_prefix="/admin/feeds")

_BATCHES: Final = 30
_RECORDS: Final = 50
STATUSES: Final[dict[str, tuple[Text, str, str]]] = {
    "accepted": (_("接收"), "ok", "check"),
    "accepted_with_findings": (_("接收，有提示"), "warn", "alert"),
    "refused": (_("退回"), "bad", "x"),
    "duplicate": (_("重复"), "", "check"),
    "received": (_("等待处理"), "info", "clock"),
}
"""What became of a record, as a tag of the design: words, kind, icon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    id: str
    department: str
    family: Text
    format: str
    encoding: str
    received_at: datetime
    finished: bool
    total: int
    accepted: int
    with_findings: int
    refused: int
    duplicates: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    position: int
    key: str | None
    status: tuple[Text, str, str]
    findings: tuple[dict[str, str | None], ...]


@pages.get("")
def batches() -> str:
    """The newest batches first; `after` is the cursor of the page before."""
    after = request.args.get("after")
    stmt = _lines().order_by(FeedBatch.id.desc()).limit(_BATCHES + 1)
    if after:
        stmt = stmt.where(FeedBatch.id < cursor.load(after, 1)[0])
    with reading() as db:
        lines = [_line(row) for row in db.execute(stmt)]
    older = cursor.dump(lines[_BATCHES - 1].id) if len(lines) > _BATCHES else None
    return render_template(
        "profiles/admin_feeds.html",
        lines=lines[:_BATCHES],
        newer=url_for(".batches") if after else "",
        older=url_for(".batches", after=older) if older else "",
    )


@pages.get("/<batch_id>")
def batch(batch_id: str) -> str:
    """One batch with its records in the order they were sent, or only those of one status."""
    chosen = request.args.get("status", "")
    after = request.args.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= len("10000")):
        raise NotFound(detail="no such position")
    with reading() as db:
        row = db.execute(_lines().where(FeedBatch.id == batch_id)).one_or_none()
        if row is None:
            raise NotFound(detail=f"batch {batch_id}")
        records = _records(db, batch_id, chosen if chosen in STATUSES else None, int(after))
    more = records[_RECORDS - 1].position if len(records) > _RECORDS else None
    line = _line(row)
    return render_template(
        "profiles/admin_feed.html",
        batch=line,
        records=records[:_RECORDS],
        chips=_chips(line, chosen),
        newer=url_for(".batch", batch_id=batch_id, status=chosen or None) if int(after) else "",
        older=url_for(".batch", batch_id=batch_id, status=chosen or None, after=more) if more else "",
    )


def _lines() -> Any:
    return select(FeedBatch, Department.name.label("department")).join(
        Department, Department.id == FeedBatch.department_id
    )


def _line(row: Any) -> BatchLine:
    found: FeedBatch = row.FeedBatch
    family = families().get(found.family)
    return BatchLine(
        id=found.id,
        department=row.department,
        family=family.title if family else found.family,
        format=found.format,
        encoding=found.encoding,
        received_at=found.received_at,
        finished=found.status == "done",
        total=found.total,
        accepted=found.accepted,
        with_findings=found.with_findings,
        refused=found.refused,
        duplicates=found.duplicates,
        size=found.size,
        sha256=found.sha256,
    )


def _records(db: Session, batch_id: str, status: str | None, after: int) -> list[RecordLine]:
    stmt = select(RawRecord.position, RawRecord.label, RawRecord.status, RawRecord.findings).where(
        RawRecord.batch_id == batch_id, RawRecord.position > after
    )
    if status is not None:
        stmt = stmt.where(RawRecord.status == status)
    return [
        RecordLine(
            position=row.position,
            key=row.label,
            status=STATUSES[row.status],
            findings=tuple(told(finding) for finding in row.findings or ()),
        )
        for row in db.execute(stmt.order_by(RawRecord.position).limit(_RECORDS + 1))
    ]


def _chips(line: BatchLine, chosen: str) -> list[tuple[Text, str, int, bool]]:
    counts = {
        "": line.total,
        "refused": line.refused,
        "accepted_with_findings": line.with_findings,
        "accepted": line.accepted,
        "duplicate": line.duplicates,
    }
    return [
        (
            STATUSES[status][0] if status else _("全部"),
            url_for(".batch", batch_id=line.id, status=status or None),
            count,
            status == chosen,
        )
        for status, count in counts.items()
    ]
