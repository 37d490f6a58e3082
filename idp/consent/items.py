"""What the consent page asks for, item by item: a whole scope, a single claim, or being allowed while away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from idp import claims, scopes
from idp.claims import ClaimLine
from idp.consent import wanted, words
from idp.consent.asking import Asking
from idp.models.consent import CLAIM, SCOPE
from idp.viewer import Viewer
from kernel.errors import Text

MARK: Final = "claim:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """``lines`` are the values that would be sent; ``essential`` is the client's word for it."""

    kind: str
    name: str
    lines: Sequence[ClaimLine]
    essential: bool = False

    @property
    def title(self) -> Text:
        return words.title(self.kind, self.name)

    @property
    def value(self) -> str:
        """Its box in the form; no scope is written like a claim's."""
        return self.name if self.kind == SCOPE else f"{MARK}{self.name}"

    @property
    def id(self) -> str:
        return self.value.replace(":", "-")

    @property
    def offline(self) -> bool:
        return self.kind == SCOPE and self.name == scopes.OFFLINE

    @property
    def sensitive(self) -> bool:
        return any(line.sensitive for line in self.lines)


def items(db: Session, asking: Asking, person: Viewer) -> list[Item]:
    """In the order to be read: scopes, single claims, and last what hands over nothing."""
    essential = wanted.essential(asking.request)
    found = [
        Item(
            kind=SCOPE,
            name=name,
            lines=_lines(db, person, name),
            essential=not essential.isdisjoint(scopes.claims({name})),
        )
        for name in scopes.PERSONAL
        if name in asking.open.scopes - {scopes.OFFLINE}
    ]
    found += [
        Item(
            kind=CLAIM,
            name=name,
            lines=_lines(db, person, scopes.GIVING[name], frozenset({name})),
            essential=name in essential,
        )
        for name in scopes.GIVING
        if name in asking.open.claims
    ]
    if scopes.OFFLINE in asking.open.scopes:
        found.append(Item(kind=SCOPE, name=scopes.OFFLINE, lines=()))
    return found


def _lines(db: Session, person: Viewer, scope: str, names: frozenset[str] | None = None) -> Sequence[ClaimLine]:
    return claims.claims().lines(
        db, account_id=person.account_id, party_key=person.party_key, scopes=frozenset({scope}), names=names
    )
