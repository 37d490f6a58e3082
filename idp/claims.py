"""The port for a person's data: idp asks what a client would get, whoever holds the data answers.

Without an answerer the account's own facts are all there is (``idp.own_claims``), so idp runs alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One line of the consent page: exactly what would be sent, and where it comes from.

    ``value`` is as the receiver will see it; ``masked`` as it stands on the page at first, equal where there is nothing
    to hide. ``as_of`` is when the source last confirmed it. ``sensitive`` asks for a consent of its own
    (个人信息保护法 第二十九条).
    """

    claim: str
    label: str
    value: str
    masked: str
    source: str
    as_of: datetime | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Single claims that were asked for by their names (OpenID Connect Core §5.5); what else their scopes hold stays.

    ``values``: by claim, the only values that would do; a claim that has another one is left out.
    """

    names: frozenset[str]
    values: Mapping[str, Sequence[JsonValue]] = field(default_factory=dict)

    def of(self, told: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """What of ``told`` is handed over."""
        return {name: value for name, value in told.items() if name in self.names and self._would_do(name, value)}

    def _would_do(self, name: str, value: JsonValue) -> bool:
        # By type too: in Python, and in no other language of a portal, True is 1.
        return name not in self.values or any(type(one) is type(value) and one == value for one in self.values[name])


class ClaimsPort(Protocol):
    def lines(
        self,
        db: Session,
        *,
        account_id: str,
        party_key: str | None,
        scopes: frozenset[str],
        names: frozenset[str] | None = None,
    ) -> list[ClaimLine]:
        """What these scopes would hand over, or only the claims ``names`` of them, in the order to be read. Writes
        nothing.
        """

    def values(
        self,
        db: Session,
        *,
        account_id: str,
        party_key: str | None,
        scopes: frozenset[str],
        client_id: str,
        purpose: str | None,
        only: Only | None = None,
    ) -> dict[str, JsonValue]:
        """The claims of these scopes by their names on the wire, or ``only`` some; writes the person's access log."""

    def declined(
        self, db: Session, *, party_key: str | None, names: frozenset[str], client_id: str, purpose: str | None
    ) -> None:
        """The person was asked for these claims and said no: a line of the access log, and nothing handed over."""


_installed: ClaimsPort | None = None


def install_claims(port: ClaimsPort) -> None:
    """Wiring names the one who answers."""
    global _installed  # noqa: PLW0603  # one per process
    _installed = port


def claims() -> ClaimsPort:
    """Who answers for a person's data: the installed port, or the account's own facts."""
    if _installed is not None:
        return _installed
    from idp.own_claims import OwnClaims  # it reads models; the port does not

    return OwnClaims()
