"""What is wrong with a code, in words that its sender can act on."""

import unicodedata
from dataclasses import dataclass

from flask_babel import LazyString


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`code` is stable and documented; `message` says what is wrong, `remedy` what to do about it."""

    code: str
    message: str | LazyString
    remedy: str | LazyString


_SPACES = dict.fromkeys(map(ord, " \t\r\n\v\f\u00a0\u3000\u200b\ufeff"))


def plain(text: str) -> str:
    """Full-width characters made half-width (NFKC), every kind of space cut out, upper case."""
    if text.isascii():
        return text.translate(_SPACES).upper() if not text.isalnum() else text.upper()
    return unicodedata.normalize("NFKC", text).translate(_SPACES).upper()
