"""The ``claims`` parameter (OpenID Connect Core §5.5): which single claims are asked for, where, and how strictly.

What is asked for in the ID token and what is asked for at userinfo are kept apart from here to the release.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kernel.errors import Invalid
from kernel.parsing import parse_json

MOST_BYTES: Final = 8192
DEEPEST: Final = 6
PLACES: Final = ("id_token", "userinfo")

Wish = Mapping[str, Any]
"""What is said of one claim: ``essential`` where it is true; ``values``, the only ones that would do."""


class Malformed(Exception):
    """Not a ``claims`` parameter. The text names the member, in ASCII that fits an error_description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """The wishes by claim, place by place."""

    id_token: Mapping[str, Wish]
    userinfo: Mapping[str, Wish]


def parse(text: str) -> ClaimsRequest:
    """Members that are not understood are left out, on every level (§5.5.1); what cannot be meant is refused.

    :raises Malformed: naming the member.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > MOST_BYTES:
        raise Malformed(f"claims is longer than {MOST_BYTES} bytes")
    try:
        read = parse_json(raw)
    except Invalid:
        raise Malformed("claims is not JSON") from None
    if not isinstance(read, dict):
        raise Malformed("claims must be a JSON object")
    if _depth(read) > DEEPEST:
        raise Malformed(f"claims is nested deeper than {DEEPEST} levels")
    found = {place: dict(_wishes(place, read.get(place))) for place in PLACES}
    return ClaimsRequest(id_token=found["id_token"], userinfo=found["userinfo"])


def _wishes(place: str, members: object) -> Iterator[tuple[str, Wish]]:
    if members is None:
        return
    if not isinstance(members, dict):
        raise Malformed(f"claims.{place} must be a JSON object")
    for name, said in members.items():
        yield name, _wish(f"claims.{place}.{_shown(name)}", said)


def _wish(member: str, said: object) -> Wish:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise Malformed(f"{member} must be null or a JSON object")
    wish: dict[str, Any] = {}
    if said.get("essential") is not None:
        if not isinstance(said["essential"], bool):
            raise Malformed(f"{member}.essential must be true or false")
        wish |= {"essential": True} if said["essential"] else {}
    one, several = said.get("value"), said.get("values")
    if one is not None and several is not None:
        raise Malformed(f"{member} has both value and values")
    if several is not None and not (isinstance(several, list) and several):
        raise Malformed(f"{member}.values must be a list with something in it")
    if one is not None or several is not None:
        wish["values"] = _comparable(several or [one])
    return wish


def _comparable(values: list[Any]) -> list[Any]:
    """What a claim of ours can equal. A wish that only asks for others stays, and is never met."""
    return [one for one in values if isinstance(one, str | bool) or (isinstance(one, int) and abs(one) < 2**53)]


def _shown(name: str) -> str:
    plain = name.isascii() and name.isprintable() and not {'"', "\\"} & set(name) and len(name) <= 60
    return name if plain else "(a claim)"


def _depth(value: object) -> int:
    level, row = 0, [value]
    while row:
        level += 1
        row = [inner for one in row for inner in _inside(one)]
    return level - 1


def _inside(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []
