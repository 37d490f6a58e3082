"""What a client authentication method is: one file in ``methods/`` offers its ``plugin``; discovery and registration
follow.

A method tells whose a request claims to be and whether it is. What no method may forget stands in ``authentication``:
one method in a request, the one that the client is registered for, the same answer whatever is wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from kernel.plugins import discover

if TYPE_CHECKING:
    from idp.clients.registered import RegisteredClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request brought to authenticate its client: its header fields and its form."""

    headers: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """``claims`` tells whose a request says to be, None where it does not use this method.

    ``proven`` decides; for None, which is nobody, it takes as long as for a wrong proof. A method is ``implicit``
    where a request without credentials of its own may use it: a certificate is on the connection whatever is asked,
    and a public client brings nothing. ``offered`` is False where the installation lacks what the method needs.
    """

    name: str
    claims: Callable[[Credentials], str | None]
    proven: Callable[["RegisteredClient | None", Credentials], bool]
    implicit: bool = False
    offered: Callable[[], bool] = lambda: True


@cache
def _found() -> dict[str, Method]:
    return discover("idp.clients.methods", Method)


def methods() -> dict[str, Method]:
    """The methods in force here, by name."""
    return {name: method for name, method in _found().items() if method.offered()}
