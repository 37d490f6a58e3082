"""What a way of proving oneself to this platform is: one file in ``factors/`` offers its ``plugin``.

A factor knows nothing of accounts' tables, counters or sessions: the login hands it what the account has enrolled and
the form's answer, outside any transaction, because a factor may be slow on purpose.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol, runtime_checkable

from kernel.errors import Text
from kernel.plugins import discover

MFA: Final = "mfa"  # RFC 8176 §2: more than one factor was used; the values of each stand beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """``renewed`` replaces what is enrolled, where the old form of it has become too weak.

    ``step`` is set where an answer is good for one moment: whoever believes the proof makes sure that neither this
    moment nor an older one is believed again.
    """

    right: bool
    renewed: str | None = None
    step: int | None = None


@runtime_checkable
class Factor(Protocol):
    """``title`` names the tab, ``template`` draws the fields, ``amr`` are the values of RFC 8176.

    ``level`` is how far a sign-in is trusted that reached this factor, never above what its account is worth.
    ``begins`` tells whether a sign-in begins with it; otherwise it is a second step, given after the first.
    """

    name: str
    title: Text
    template: str
    amr: tuple[str, ...]
    level: int
    begins: bool

    def answer(self, form: Mapping[str, str]) -> str:
        """The answer in the form. Raises ``Invalid`` for one that cannot be right for anybody."""

    def room(self) -> AbstractContextManager[None]:
        """Held while an answer is dealt with; entering it before anything is counted or read costs nothing.

        :raises Unavailable: at once, when too many are being checked at this moment.
        """

    def prove(self, enrolled: str | None, answer: str) -> Proof:
        """Whether the answer is right. Takes as long for None (nobody, or not enrolled) as for a wrong answer."""


@cache
def factors() -> Mapping[str, Factor]:
    """Every factor by name, in the order of the tabs."""
    return discover("idp.factors", Factor)  # type: ignore[type-abstract]  # a Protocol is its own test here


def first() -> Factor:
    """What the form of the sign-in asks for."""
    return next(factor for factor in factors().values() if factor.begins)


def second() -> Factor:
    """What is asked for after it, where the account has enrolled it."""
    return next(factor for factor in factors().values() if not factor.begins)
