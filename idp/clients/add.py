"""Registering clients and changing their secrets. A secret is answered once and kept as a digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from idp.clients import metadata, registered
from idp.clients.metadata import Metadata
from idp.models.client import MACHINE, PORTAL, Client, ClientSecret
from idp.tokens import families
from kernel import audit, clock, crypto, http
from kernel.db import after_commit
from kernel.errors import Invalid, NotFound
from kernel.ids import new_id, new_secret

SECRET_OVERLAP: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """``secret`` is None for a client that authenticates by nothing (``none``)."""

    client_id: str
    secret: str | None
    answer: dict[str, Any]


def check_sector(m: Metadata) -> None:
    """Fetch ``sector_identifier_uri`` and see that it names every redirect URI (OpenID Connect Registration §5).

    An outbound call: before any transaction. :raises Invalid: where it does not; ``kernel.http`` errors where it
    cannot be had.
    """
    if m.sector_identifier_uri is None:
        return
    answer = http.request("GET", m.sector_identifier_uri)
    listed = answer.json() if answer.status == 200 else None
    if not isinstance(listed, list) or not set(m.redirect_uris) <= {u for u in listed if isinstance(u, str)}:
        raise Invalid(
            {"sector_identifier_uri": "does not list every one of redirect_uris"}, code="invalid_client_metadata"
        )


def add(db: Session, m: Metadata) -> Added:
    """Register the client; the answer is that of RFC 7591 §3.2.1. ``check_sector`` comes before."""
    client_id = new_id()
    host = urlsplit(m.redirect_uris[0]).hostname if m.redirect_uris else None
    row = Client(
        id=client_id,
        name=m.client_name or host or client_id,
        kind=PORTAL if m.interactive else MACHINE,
        auth_method=m.token_endpoint_auth_method,
        grant_types=list(m.grant_types),
        redirect_uris=list(dict.fromkeys(m.redirect_uris)),
        post_logout_redirect_uris=list(dict.fromkeys(m.post_logout_redirect_uris)),
        scopes=sorted(set(m.scope.split())),
        sector=metadata.sector(m, client_id),
        legal_basis=m.legal_basis,
        purpose=m.purpose,
        registered=m.answered(),
        created_at=clock.now(),
    )
    db.add(row)
    db.flush()
    answer: dict[str, Any] = {
        "client_id": client_id,
        "client_id_issued_at": int(row.created_at.timestamp()),
    }
    secret = _new_secret(db, client_id) if m.has_secret else None
    if secret is not None:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    audit.record(db, "client.added", subject=client_id, details={"kind": row.kind, "scope": m.scope})
    after_commit(db, lambda: registered.forget(client_id))
    return Added(client_id=client_id, secret=secret, answer=answer | row.registered)


def register_machine_client(db: Session, *, name: str, scopes: Sequence[str]) -> tuple[str, str]:
    """A client that speaks for itself, by client credentials; its id and its secret, which is not kept.

    :raises Invalid: for a scope that does not exist.
    """
    wanted = {"client_name": name, "grant_types": ["client_credentials"], "scope": " ".join(scopes)}
    added = add(db, metadata.validate(wanted))
    assert added.secret is not None
    return added.client_id, added.secret


def add_secret(db: Session, client_id: str) -> str:
    """A further secret. Those before it stay good for seven days; the oldest of three goes at once.

    :raises NotFound: for a client that is unknown or has no secrets.
    """
    auth_method = db.scalar(select(Client.auth_method).where(Client.id == client_id))
    if auth_method in {None, "none", *metadata.BY_KEY}:
        raise NotFound(detail=f"client {client_id}")
    ends = clock.now() + SECRET_OVERLAP
    live = db.scalars(
        select(ClientSecret.id)
        .where(ClientSecret.client_id == client_id)
        .order_by(ClientSecret.created_at.desc(), ClientSecret.id.desc())
    ).all()
    db.execute(delete(ClientSecret).where(ClientSecret.id.in_(live[1:])))
    db.execute(
        update(ClientSecret)
        .where(
            ClientSecret.client_id == client_id,
            or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > ends),
        )
        .values(expires_at=ends)
    )
    secret = _new_secret(db, client_id)
    audit.record(db, "client.secret_added", subject=client_id)
    after_commit(db, lambda: registered.forget(client_id))
    return secret


def disable(db: Session, client_id: str) -> None:
    """The client can do nothing from now on, and its tokens are worth nothing.

    :raises NotFound: for an unknown client.
    """
    found = db.execute(
        update(Client).where(Client.id == client_id).values(disabled_at=clock.now()).returning(Client.id)
    ).one_or_none()
    if found is None:
        raise NotFound(detail=f"client {client_id}")
    families.end(db, client_id=client_id, reason="client_disabled")
    audit.record(db, "client.disabled", subject=client_id)
    after_commit(db, lambda: registered.forget(client_id))


def _new_secret(db: Session, client_id: str) -> str:
    secret = new_secret()
    db.add(ClientSecret(client_id=client_id, digest=crypto.digest(secret)))
    db.flush()
    return secret
