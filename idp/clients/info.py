"""What other packages may know of a client."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.models.client import Client
from idp.models.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientInfo:
    """``kind`` is ``portal`` or ``machine``; ``legal_basis`` and ``purpose`` are what an operator registered.

    ``redirect_uris`` are the only addresses that a person may be sent back to.
    """

    client_id: str
    name: str
    kind: str
    legal_basis: str | None
    purpose: str | None
    redirect_uris: tuple[str, ...]


def client(db: Session, client_id: str) -> ClientInfo | None:
    """The client, disabled ones included: what it did still has a name."""
    found = db.get(Client, client_id)
    if found is None:
        return None
    return ClientInfo(
        client_id=found.id,
        name=found.name,
        kind=found.kind,
        legal_basis=found.legal_basis,
        purpose=found.purpose,
        redirect_uris=tuple(found.redirect_uris),
    )


def account_of(db: Session, *, client_id: str, sub: str) -> str | None:
    """The account that this client knows as ``sub``; None where it knows nobody by that name."""
    return db.scalar(
        select(Subject.account_id)
        .join(Client, Client.sector == Subject.sector)
        .where(Client.id == client_id, Subject.sub == sub)
    )
