"""One day for a calendar program (RFC 5545)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

MOST_OCTETS: Final = 75
"""§3.1: content lines are folded at 75 octets, never inside a character."""


def day_file(*, uid: str, day: date, title: str, text: str, url: str, stamp: datetime) -> str:
    """An all-day event that does not block the day. ``uid`` names it for ever, so that a newer file replaces it."""
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Kapok//Case deadlines//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_text(title)}",
        f"DESCRIPTION:{_text(text)}",
        f"URL:{url}",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(title)}",
        "TRIGGER:-P1D",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(piece for line in lines for piece in _folded(line))


def _text(value: str) -> str:
    """§3.3.11: backslash, semicolon, comma and line end are escaped; other control characters cannot stand in text."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    escaped = "\\n".join(escaped.splitlines())
    return "".join(char for char in escaped if char >= " " and char != "\x7f")


def _folded(line: str) -> Iterator[str]:
    piece, octets = "", 0
    for char in line:
        size = len(char.encode())
        if octets + size > MOST_OCTETS:
            yield f"{piece}\r\n"
            piece, octets = " ", 1
        piece += char
        octets += size
    yield f"{piece}\r\n"
