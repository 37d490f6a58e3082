"""Who acts in this request or task: carried by a context variable, read by the audit and the log."""

from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TypedDict, Unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The acting side of whatever happens now; all ``None`` outside a request."""

    request_id: str | None = None
    address: str | None = None
    account_id: str | None = None
    client_id: str | None = None


class Changes(TypedDict, total=False):
    request_id: str | None
    address: str | None
    account_id: str | None
    client_id: str | None


_NOBODY = Actor()
_actor: ContextVar[Actor] = ContextVar("actor", default=_NOBODY)


def actor() -> Actor:
    return _actor.get()


class bind:  # noqa: N801  # reads as the verb it is: `with bind(account_id=…):`
    """Change the actor from this line on; ends with the ``with`` block, or with ``undo()`` where a block does
    not fit.
    """

    __slots__ = ("_token",)

    def __init__(self, **changes: Unpack[Changes]) -> None:
        self._token = _actor.set(replace(_actor.get(), **changes))

    def undo(self) -> None:
        _actor.reset(self._token)

    def __enter__(self) -> Actor:
        return _actor.get()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo()
