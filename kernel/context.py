"""Who acts in this request or task: carried by a context variable, read by the audit and the log."""

from contextvars import ContextVar
from types import TracebackType
from typing import NamedTuple, TypedDict, Unpack


class Actor(NamedTuple):
    """The acting side of whatever happens now; all ``None`` outside a request. Made several times a request."""

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
        before = _actor.get()
        self._token = _actor.set(
            Actor(
                changes.get("request_id", before.request_id),
                changes.get("address", before.address),
                changes.get("account_id", before.account_id),
                changes.get("client_id", before.client_id),
            )
        )

    def undo(self) -> None:
        _actor.reset(self._token)

    def __enter__(self) -> Actor:
        return _actor.get()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo()
