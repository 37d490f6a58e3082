"""The scopes there are: what a person may be asked for, and what a machine may do.

A scope that is not listed here does not exist; one that a client is not registered for is dropped from its requests.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_FEED: Final = re.compile(r"feeds:[a-z][a-z_]{0,40}\Z")
_MOST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """``claims`` are the names on the wire (OpenID Connect Core §5.4). ``machine`` scopes are given to client
    credentials.

    ``asked`` scopes hand over data and need the person's consent; the others only say who somebody is (``openid``),
    open an interface that asks for itself at each release (``materials``), or hand over nothing and are asked in a way
    of their own (``offline_access``).
    """

    name: str
    claims: tuple[str, ...] = ()
    asked: bool = True
    machine: bool = False


OPENID: Final = "openid"
OFFLINE: Final = "offline_access"
PERSONAL: Final = {
    scope.name: scope
    for scope in (
        Scope(name=OPENID, claims=("sub",), asked=False),
        Scope(name="profile", claims=("name", "locale")),
        Scope(name="identity", claims=("id_type", "id_number", "level")),
        Scope(name="email", claims=("email", "email_verified")),
        Scope(name="phone", claims=("phone_number", "phone_number_verified")),
        Scope(name="certificates", claims=("certificates",)),
        Scope(name="materials", asked=False, machine=True),
        Scope(name=OFFLINE, asked=False),
    )
}
GIVING: Final = {claim: scope.name for scope in PERSONAL.values() if scope.asked for claim in scope.claims}
"""By claim, the scope that hands it over."""
ALONG: Final = {"email_verified": "email", "phone_number_verified": "phone_number", "id_type": "id_number"}
"""Claims that only describe another one: who agreed to that one agreed to them."""


def exists(name: str) -> bool:
    return name in PERSONAL or _FEED.match(name) is not None


def split(text: str | None) -> tuple[str, ...]:
    """A scope parameter as names, each once, in their order (RFC 6749 §3.3)."""
    return tuple(dict.fromkeys((text or "").split()))[:_MOST]


def personal(names: Iterable[str]) -> frozenset[str]:
    """Those that can be had for a person, at ``/authorize``."""
    return frozenset(name for name in names if name in PERSONAL)


def machine(names: Iterable[str]) -> frozenset[str]:
    """Those that a machine can have in its own name, by client credentials."""
    return frozenset(n for n in names if n not in PERSONAL or PERSONAL[n].machine)


def asked(names: Iterable[str]) -> frozenset[str]:
    """Those that hand over data and so need consent or a legal basis."""
    return frozenset(n for n in names if n in PERSONAL and PERSONAL[n].asked)


def claims(names: Iterable[str]) -> frozenset[str]:
    """All that these scopes hand over, by the names on the wire."""
    return frozenset(claim for name in asked(names) for claim in PERSONAL[name].claims)
