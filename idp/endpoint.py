"""What an endpoint of the protocol is: one file in ``endpoints/`` offers its ``plugin``; routing and discovery follow.

An endpoint declares its door: with ``handle`` it stands at the machine door; without, Flask serves it and the file only
tells discovery about it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from kernel import machine
from kernel.plugins import discover


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """``member`` is the discovery member that holds its address (RFC 8414 §2); ``metadata`` are further members, or
    tells them once the settings are known. ``cors``: applications in browsers may call it.
    """

    name: str
    path: str
    member: str | None = None
    metadata: Mapping[str, object] | Callable[[], Mapping[str, object]] = field(default_factory=dict)
    handle: Callable[[machine.Request], machine.Answer] | None = None
    methods: tuple[str, ...] = ("GET",)
    errors: Literal["oauth", "problem"] = "oauth"
    public: bool = False
    cors: bool = False

    def members(self) -> Mapping[str, object]:
        """The further discovery members, as of now."""
        return self.metadata() if callable(self.metadata) else self.metadata


@cache
def endpoints() -> dict[str, Endpoint]:
    """Every endpoint by its name."""
    return discover("idp.endpoints", Endpoint)


def machine_endpoints() -> tuple[machine.Endpoint, ...]:
    """Those of the machine door, for wiring."""
    return tuple(
        machine.Endpoint(
            path=e.path,
            methods=e.methods,
            handle=e.handle,
            errors=e.errors,
            public=e.public,
            cors=e.cors,
            max_body=65536,
        )
        for e in endpoints().values()
        if e.handle is not None
    )
