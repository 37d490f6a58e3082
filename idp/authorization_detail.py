"""Authorization details (RFC 9396): what a client asks a person for that no scope says, such as one payment or one
handing over of documents.

A type is one file in ``authorization_details/``, or comes from a floor above by ``install_types``. A client may use the
types it registered (``authorization_details_types``), and the person sees every detail before agreeing, each time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from authlib.oauth2 import OAuth2Error

from idp.clients.registered import RegisteredClient
from kernel.answers import ascii_description
from kernel.errors import Invalid, Text
from kernel.parsing import parse_json
from kernel.plugins import discover

MOST: Final = 10
MOST_BYTES: Final = 8192
DEEPEST: Final = 8

Detail = Mapping[str, Any]


class InvalidDetailsError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9396 §5."""

    error = "invalid_authorization_details"


class Malformed(Exception):
    """Not a detail of its type. The text says what to change, in ASCII that fits an error_description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A detail as the person reads it: what it is about, and lines of a label and a value."""

    title: Text
    lines: Sequence[tuple[Text, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailType:
    """``name`` is the ``type`` on the wire.

    ``validate`` answers the detail with every default filled in and nothing in it that it does not understand (§2), or
    raises ``Malformed``. ``shown`` tells the person about a validated one. ``covers`` tells whether what was granted,
    the first, includes all that a token request asks for, the second (§6).
    """

    name: str
    validate: Callable[[Detail], Detail]
    shown: Callable[[Detail], Shown]
    covers: Callable[[Detail, Detail], bool] = lambda granted, asked: granted == asked


_installed: dict[str, DetailType] = {}


@cache
def _own() -> dict[str, DetailType]:
    return discover("idp.authorization_details", DetailType)


def install_types(types: Sequence[DetailType]) -> None:
    """Wiring names the types of the floors above."""
    _installed.clear()
    _installed.update({each.name: each for each in types})


def types() -> tuple[str, ...]:
    """The names of all types, for discovery and for registration."""
    return tuple(_all())


def asked(client: RegisteredClient, text: str | None) -> tuple[Detail, ...]:
    """The details of a request, each validated by its type; none without the parameter.

    :raises InvalidDetailsError: telling which one is wrong, and how.
    """
    if text is None:
        return ()
    try:
        return tuple(_validated(client, place, each) for place, each in enumerate(_read(text)))
    except Malformed as why:
        raise InvalidDetailsError(ascii_description(str(why))) from None


def shown(details: Sequence[Detail]) -> list[Shown]:
    """For the page that asks the person. A type that is gone since is told by its name alone."""
    known = _all()
    return [
        known[each["type"]].shown(each) if each["type"] in known else Shown(title=str(each["type"])) for each in details
    ]


def narrowed(client: RegisteredClient, text: str | None, granted: Sequence[Detail]) -> tuple[Detail, ...]:
    """What of ``granted`` a token request wants; all of it where it does not say (§6).

    :raises InvalidDetailsError: for what was not granted.
    """
    if text is None:
        return tuple(granted)
    wanted = asked(client, text)
    for each in wanted:
        one_type = _all()[each["type"]]
        if not any(one["type"] == each["type"] and one_type.covers(one, each) for one in granted):
            raise InvalidDetailsError("authorization_details asks for more than was granted")
    return wanted


def _all() -> dict[str, DetailType]:
    return _own() | _installed


def _read(text: str) -> list[Any]:
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > MOST_BYTES:
        raise Malformed(f"authorization_details is longer than {MOST_BYTES} bytes")
    try:
        read = parse_json(raw)
    except Invalid:
        raise Malformed("authorization_details is not JSON") from None
    if not (isinstance(read, list) and read):
        raise Malformed("authorization_details must be a JSON array with something in it")
    if len(read) > MOST:
        raise Malformed(f"authorization_details has more than {MOST} members")
    if _depth(read) > DEEPEST:
        raise Malformed(f"authorization_details is nested deeper than {DEEPEST} levels")
    return read


def _validated(client: RegisteredClient, place: int, detail: Any) -> Detail:
    where = f"authorization_details[{place}]"
    name = detail.get("type") if isinstance(detail, dict) else None
    if not isinstance(name, str):
        raise Malformed(f"{where} must be a JSON object with a type")
    if name not in _all():
        raise Malformed(f"{where} has a type that is not offered here")
    if name not in client.meta.authorization_details_types:
        raise Malformed(f"{where} has a type that the client is not registered for (authorization_details_types)")
    try:
        return {**_all()[name].validate(detail), "type": name}
    except Malformed as why:
        raise Malformed(f"{where}: {why}") from None


def _depth(value: object) -> int:
    level, row = 0, [value]
    while row := [inner for one in row for inner in _inside(one)]:
        level += 1
    return level


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
