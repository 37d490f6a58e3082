"""Which encoding a text is in: a fixed rule, no guessing by frequency.

1. A charset in Content-Type is obeyed. 2. A byte order mark means UTF-8. 3. What is strict UTF-8 is UTF-8.
4. What is strict GBK is GBK, otherwise strict GB18030 is GB18030. 5. Anything else is refused with its place.
GBK text of more than a few characters is never valid UTF-8: its lead bytes hardly form legal sequences.
"""

import codecs
from typing import Final

from flask_babel import gettext as _

from profiles.feeds.format import Unreadable

_NAMES: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "gbk": "gbk",
    "gb2312": "gbk",
    "cp936": "gbk",
    "gb18030": "gb18030",
}


def decode(body: bytes, charset: str | None) -> tuple[str, str]:
    """The text and the name of its encoding. Raises `Unreadable` with the line of the first bad byte."""
    if charset is not None and charset not in _NAMES:
        raise Unreadable("unknown_charset", _("不支持%(name)s编码，请用UTF-8、GBK或GB18030", name=charset))
    if body.startswith(codecs.BOM_UTF8):
        return _strictly(body[len(codecs.BOM_UTF8) :], "utf-8"), "utf-8-sig"
    if charset is not None:
        return _strictly(body, _NAMES[charset]), _NAMES[charset]
    for name in ("utf-8", "gbk", "gb18030"):
        try:
            return body.decode(name), name
        except UnicodeDecodeError as error:
            fault = error
    raise _bad(body, fault)


def _strictly(body: bytes, name: str) -> str:
    try:
        return body.decode(name)
    except UnicodeDecodeError as error:
        raise _bad(body, error) from None


def _bad(body: bytes, error: UnicodeDecodeError) -> Unreadable:
    line = body.count(b"\n", 0, error.start) + 1
    return Unreadable(
        "bad_encoding",
        _(
            "第%(line)s行（第%(byte)s字节）不是正确的UTF-8、GBK或GB18030，请换一种编码导出",
            line=line,
            byte=error.start + 1,
        ),
        line=line,
    )
