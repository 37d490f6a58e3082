"""The port for a person's data: idp asks what a client would get, whoever holds the data answers.

Without an answerer the account's own facts are all there is (``idp.own_claims``), so idp runs alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


class ClaimsPort(Protocol):
    def lines(self, db: Session, *, account_id: str, party_key: str | None, scopes: frozenset[str]) -> list[ClaimLine]:
        """What these scopes would hand over, in the order to be read. Writes nothing."""

    def values(
        self,
        db: Session,
        *,
        account_id: str,
        party_key: str | None,
        scopes: frozenset[str],
        client_id: str,
        purpose: str | None,
    ) -> dict[str, JsonValue]:
        """The claims of these scopes by their names on the wire; writes the person's access log."""


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
