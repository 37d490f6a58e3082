"""Changing a registration: its metadata, its secrets, whether it counts. The process's cache forgets it after; other
processes do within half a minute (``registered.CACHE_SECONDS``).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from idp.clients import add, metadata, registered
from idp.clients.metadata import Metadata
from idp.models.client import Client, ClientSecret
from idp.tokens import families
from kernel import audit, clock
from kernel.db import after_commit, take_time
from kernel.errors import Invalid, NotFound

SECRET_OVERLAP: Final = timedelta(days=7)


def change(
    db: Session,
    client_id: str,
    to: Callable[[Client], Metadata],
    *,
    renames_people: bool = False,
) -> tuple[Client, str | None]:
    """Replace all of the metadata by what ``to`` makes of the row, which is locked meanwhile; the row, and a secret
    where the client needs one now and had none.

    The names (``sub``) by which it knows people hang on its sector: a change that would rename them all is refused
    unless ``renames_people``. ``add.check_sector`` comes before.

    :raises NotFound: for an unknown client. :raises Invalid: as ``add.add`` does.
    """
    row = db.scalars(select(Client).where(Client.id == client_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(detail=f"client {client_id}")
    m = to(row)
    add.check_others(db, m, client_id)
    wanted = add.columns(m, client_id)
    if m.interactive and wanted["sector"] != row.sector and not renames_people:
        member = "subject_type" if "public" in {wanted["sector"], row.sector} else "redirect_uris"
        raise Invalid(
            {member: "would change the sub of everybody the client knows; keep the host (sector_identifier_uri does)"},
            code="invalid_client_metadata",
        )
    before = dict(row.registered)
    for column, value in wanted.items():
        setattr(row, column, value)
    db.flush()
    secret = _fitting_secret(db, m, client_id)
    touched = sorted(name for name in before | row.registered if before.get(name) != row.registered.get(name))
    audit.record(db, "client.changed", subject=client_id, details={"members": " ".join(touched)[:1000]})
    after_commit(db, lambda: registered.forget(client_id))
    return row, secret


def _fitting_secret(db: Session, m: Metadata, client_id: str) -> str | None:
    """Who proves itself otherwise keeps no secret; who needs one and has none gets one."""
    if not m.has_secret:
        db.execute(delete(ClientSecret).where(ClientSecret.client_id == client_id))
        return None
    live = or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > clock.now())
    if db.scalar(select(func.count()).select_from(ClientSecret).where(ClientSecret.client_id == client_id, live)):
        return None
    return add.make_secret(db, client_id)


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
    secret = add.make_secret(db, client_id)
    audit.record(db, "client.secret_added", subject=client_id)
    after_commit(db, lambda: registered.forget(client_id))
    return secret


def disable(db: Session, client_id: str) -> None:
    """The client can do nothing from now on, and its tokens are worth nothing.

    :raises NotFound: for an unknown client.
    """
    take_time(db)
    _set(db, client_id, disabled_at=clock.now())
    families.end(db, client_id=client_id, reason="client_disabled")
    audit.record(db, "client.disabled", subject=client_id)


def enable(db: Session, client_id: str) -> None:
    """The client counts again; what ended with it stays ended. One that deregistered itself needs a new secret.

    :raises NotFound: for an unknown client.
    """
    _set(db, client_id, disabled_at=None)
    audit.record(db, "client.enabled", subject=client_id)


def forget_itself(db: Session, client_id: str) -> None:
    """The client deregisters (RFC 7592 §2.3): disabled, without secrets and without the token that managed it.

    Its row stays: what it was given is recorded under its name.
    """
    disable(db, client_id)
    db.execute(delete(ClientSecret).where(ClientSecret.client_id == client_id))
    _set(db, client_id, registration_digest=None)
    audit.record(db, "client.deregistered", subject=client_id)


def hand_over(db: Session, client_id: str, registration_digest: str) -> None:
    """The client manages itself by the token of this digest, and by no other. :raises NotFound: for an unknown one."""
    _set(db, client_id, registration_digest=registration_digest)
    audit.record(db, "client.token_made", subject=client_id)


def _set(db: Session, client_id: str, **values: Any) -> None:
    found = db.execute(update(Client).where(Client.id == client_id).values(**values).returning(Client.id))
    if found.one_or_none() is None:
        raise NotFound(detail=f"client {client_id}")
    after_commit(db, lambda: registered.forget(client_id))
