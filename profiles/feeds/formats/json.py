"""A JSON array of objects (RFC 8259). Each element keeps its text as it was sent."""

import re
from typing import Final

from flask_babel import gettext as _

from profiles.feeds import json_record
from profiles.feeds.encoding import decode
from profiles.feeds.findings import Finding
from profiles.feeds.format import MOST_RECORD, MOST_RECORDS, Batch, Fields, Sent, Shape, Unreadable, too_many
from profiles.feeds.reading import Columns

_SPACE: Final = re.compile(r"[ \t\r\n]*")


class JsonArray:
    name = "json"
    media_types = ("application/json",)

    def read(self, body: bytes, *, charset: str | None, columns: Columns) -> Batch:  # noqa: ARG002
        text, encoding = decode(body, charset)
        at = _skip(text, 0)
        if text[at : at + 1] != "[":
            raise _fault(text, at, _("应以[开头：JSON数组，每个元素是一条记录"))
        records: list[Sent] = []
        at = _skip(text, at + 1)
        while text[at : at + 1] != "]":
            if records:
                if text[at : at + 1] != ",":
                    raise _fault(text, at, _("两条记录之间缺少逗号，或者数组没有以]结束"))
                at = _skip(text, at + 1)
            if len(records) == MOST_RECORDS:
                raise too_many()
            end = json_record.end_of(text, at)
            if end is None:
                raise _fault(text, json_record.error_at(text, at), _("这里不是正确的JSON"))
            long = end - at > MOST_RECORD
            fault = Finding(code="too_long_record", args={"most": MOST_RECORD}) if long else None
            records.append(Sent(content=text[at:end], fault=fault))
            at = _skip(text, end)
        at = _skip(text, at + 1)
        if at < len(text):
            raise _fault(text, at, _("数组结束之后还有内容"))
        return Batch(records=records, encoding=encoding)

    def fields(self, content: str, shape: Shape) -> Fields:  # noqa: ARG002
        return json_record.fields(content)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _fault(text: str, at: int, what: str) -> Unreadable:
    line, column = json_record.place(text, at)
    return Unreadable(
        "invalid_json",
        _("第%(line)s行第%(column)s列：%(what)s。改好后整批重报", line=line, column=column, what=what),
        line=line,
        column=column,
    )


plugin = JsonArray()
