"""One JSON object a line. A broken line is refused by itself; the others count."""

import io

from flask_babel import gettext as _

from profiles.feeds import json_record
from profiles.feeds.encoding import decode
from profiles.feeds.findings import Finding
from profiles.feeds.format import MOST_RECORD, MOST_RECORDS, Batch, Fields, Sent, Shape, Unreadable, too_many
from profiles.feeds.reading import Columns


class NdJson:
    name = "ndjson"
    media_types = ("application/x-ndjson", "application/ndjson", "application/jsonl")

    def read(self, body: bytes, *, charset: str | None, columns: Columns) -> Batch:  # noqa: ARG002
        text, encoding = decode(body, charset)
        records: list[Sent] = []
        for number, line in enumerate(io.StringIO(text, newline="\n"), 1):
            content = line.strip(" \t\r\n")
            if not content:
                continue
            if len(records) == MOST_RECORDS:
                raise too_many()
            records.append(Sent(content=content, fault=_fault(content, number)))
        if records and all(record.fault for record in records):
            raise Unreadable(
                "invalid_json",
                _("没有一行是完整的JSON对象。每行写一个对象，整个文件是数组时用application/json"),
                line=1,
            )
        return Batch(records=records, encoding=encoding)

    def fields(self, content: str, shape: Shape) -> Fields:  # noqa: ARG002
        return json_record.fields(content)


def _fault(content: str, number: int) -> Finding | None:
    if len(content) > MOST_RECORD:
        return Finding(code="too_long_record", args={"most": MOST_RECORD})
    if json_record.end_of(content, 0) == len(content):
        return None
    return Finding(code="invalid_json", args={"line": number, "column": json_record.error_at(content, 0) + 1})


plugin = NdJson()
