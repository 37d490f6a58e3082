"""Decisions on consent: what must still be asked, what was decided, and taking it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp import scopes
from idp.clients.registered import RegisteredClient
from idp.consent.wanted import Wanted
from idp.models.consent import CLAIM, SCOPE, Consent
from idp.tokens import families
from kernel import audit, clock
from kernel.db import is_postgresql, skip_locked
from kernel.errors import NotFound
from kernel.ids import new_id

Kind = Literal["scope", "claim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What one person decided on one client, as far as it counts now, by kind and name.

    ``waived``: a client with a statutory basis asks nobody (个人信息保护法 第十三条第三项); its releases are recorded
    all the same.
    """

    kept: Mapping[tuple[str, str], Consent]
    waived: bool = False

    def open(self, wanted: Wanted, *, since: datetime | None = None) -> Wanted:
        """What of ``wanted`` the person has not decided on; with ``since``, not since then (``prompt=consent``)."""
        if self.waived:
            return Wanted()
        needs = scopes.asked(wanted.scopes) | (wanted.scopes & {scopes.OFFLINE})
        return Wanted(
            scopes=frozenset(name for name in needs if self._open(since, (SCOPE, name))),
            claims=frozenset(
                name for name in wanted.claims if self._open(since, (CLAIM, name)) and not self._covered(since, name)
            ),
        )

    def agreed(self, wanted: Wanted) -> Wanted:
        """What of ``wanted`` the client may have: what needs no consent, and what was agreed to."""
        if self.waived:
            return wanted
        needs = scopes.asked(wanted.scopes) | (wanted.scopes & {scopes.OFFLINE})
        return Wanted(
            scopes=wanted.scopes - needs | {name for name in needs if self.granted(SCOPE, name)},
            claims=frozenset(
                name for name in wanted.claims if self.granted(CLAIM, name) or self.granted(SCOPE, scopes.GIVING[name])
            ),
        )

    @property
    def offline(self) -> bool:
        """Whether the client may act while the person is not there."""
        return self.waived or self.granted(SCOPE, scopes.OFFLINE)

    def granted(self, kind: Kind, name: str) -> bool:
        return (kind, name) in self.kept and self.kept[kind, name].granted

    def _open(self, since: datetime | None, key: tuple[str, str]) -> bool:
        return key not in self.kept or (since is not None and self.kept[key].decided_at < since)

    def _covered(self, since: datetime | None, claim: str) -> bool:
        """Whether the whole scope of the claim was agreed to."""
        scope = scopes.GIVING[claim]
        return self.granted(SCOPE, scope) and not self._open(since, (SCOPE, scope))


def decisions(db: Session, client: RegisteredClient, account_id: str, *, held: bool = False) -> Decisions:
    """Read them. One made for another purpose than the client's of today counts no more (第十四条第二款).

    ``held``: none is taken back until this transaction is over, so that what grows out of it is ended with it.
    """
    if client.legal_basis is not None:
        return Decisions(kept={}, waived=True)
    asked = select(Consent).where(
        Consent.client_id == client.client_id,
        Consent.account_id == account_id,
        or_(Consent.expires_at.is_(None), Consent.expires_at > clock.now()),
        or_(Consent.purpose.is_(None), Consent.purpose == client.purpose),
    )
    rows = db.scalars(asked.with_for_update(read=True, key_share=True) if held else asked)
    return Decisions(kept={(kept.kind, kept.name): kept for kept in rows})


def needed(
    db: Session,
    client: RegisteredClient,
    account_id: str,
    wanted: frozenset[str],
    *,
    since: datetime | None = None,
) -> frozenset[str]:
    """The scopes of ``wanted`` that the person has not decided on; with ``since``, not since then."""
    return decisions(db, client, account_id).open(Wanted(scopes=wanted), since=since).scopes


def effective(
    db: Session, client: RegisteredClient, account_id: str, wanted: frozenset[str], *, held: bool = False
) -> frozenset[str]:
    """The scopes of ``wanted`` that the client may have; ``held`` as in ``decisions``."""
    return decisions(db, client, account_id, held=held).agreed(Wanted(scopes=wanted)).scopes


def grant(
    db: Session,
    *,
    client_id: str,
    account_id: str,
    granted: frozenset[str],
    declined: frozenset[str] = frozenset(),
    claims: Mapping[str, bool] | None = None,
    until: datetime | None = None,
    purpose: str | None = None,
) -> None:
    """Keep the person's decision on these scopes and single ``claims`` until then; decisions on others stand, each
    with its own end.

    To decline what was agreed to before is to take it back: the tokens that still held it end.
    """
    said = [*((SCOPE, name, name in granted) for name in sorted(granted | declined))]
    said += [(CLAIM, name, yes) for name, yes in sorted((claims or {}).items())]
    refused = {(kind, name) for kind, name, yes in said if not yes}
    taken_back = _agreed_before(db, client_id, account_id) & refused if refused else set()
    rows = [
        {
            "id": new_id(),
            "account_id": account_id,
            "client_id": client_id,
            "kind": kind,
            "name": name,
            "granted": yes,
            "purpose": purpose,
            "decided_at": clock.now(),
            "expires_at": until,
        }
        for kind, name, yes in said
    ]
    if rows:
        insert = postgresql.insert(Consent) if is_postgresql(db) else sqlite.insert(Consent)
        new = {name: insert.excluded[name] for name in ("granted", "purpose", "decided_at", "expires_at")}
        keys = ["account_id", "client_id", "kind", "name"]
        # One statement: a second click of the same button waits for the first and says the same.
        db.execute(insert.values(rows).on_conflict_do_update(index_elements=keys, set_=new))
    told = {
        answer: " ".join(name if kind == SCOPE else f"{kind}:{name}" for kind, name, yes in said if yes is meant)
        for answer, meant in (("granted", True), ("declined", False))
    }
    audit.record(db, "consent.given", subject=client_id, details=told)
    if taken_back:
        ended = families.end(db, client_id=client_id, account_id=account_id, reason="consent_withdrawn")
        names = " ".join(sorted(name for _kind, name in taken_back))
        audit.record(db, "consent.withdrawn", subject=client_id, details={"names": names, "families": ended})


def _agreed_before(db: Session, client_id: str, account_id: str) -> set[tuple[str, str]]:
    rows = db.execute(
        select(Consent.kind, Consent.name).where(
            Consent.client_id == client_id, Consent.account_id == account_id, Consent.granted.is_(True)
        )
    )
    return {(kind, name) for kind, name in rows}


def withdraw(
    db: Session, *, client_id: str, account_id: str, kind: Kind | None = None, name: str | None = None
) -> None:
    """Take one decision back, or all: the client's tokens for this person are worth nothing from this commit on
    (第十五条).

    :raises NotFound: for one that is not there.
    """
    which = [Consent.client_id == client_id, Consent.account_id == account_id]
    if kind is not None:
        which += [Consent.kind == kind, Consent.name == name, Consent.granted.is_(True)]
    gone = list(db.scalars(delete(Consent).where(*which).returning(Consent.name)))
    if kind is not None and not gone:
        raise NotFound
    ended = families.end(db, client_id=client_id, account_id=account_id, reason="consent_withdrawn")
    audit.record(
        db, "consent.withdrawn", subject=client_id, details={"names": " ".join(sorted(gone)), "families": ended}
    )


def lapse(db: Session, limit: int = 500) -> int:
    """Take back what was agreed to for a time that is over; how many decisions that were."""
    over = select(Consent).where(Consent.expires_at <= clock.now()).order_by(Consent.expires_at).limit(limit)
    found = list(db.scalars(skip_locked(over, db)))
    for client_id, account_id in sorted({(kept.client_id, kept.account_id) for kept in found if kept.granted}):
        ended = families.end(db, client_id=client_id, account_id=account_id, reason="consent_lapsed")
        audit.record(db, "consent.lapsed", subject=client_id, details={"account": account_id, "families": ended})
    for kept in found:
        db.delete(kept)
    return len(found)
