"""Registering clients. A secret is answered once and kept as a digest; ``change`` and ``secrets_of`` come after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.clients import metadata, registered
from idp.clients.metadata import PEOPLE, Metadata
from idp.models.client import MACHINE, PORTAL, Client, ClientSecret
from kernel import audit, clock, crypto, http
from kernel.db import after_commit
from kernel.errors import AppError, Invalid
from kernel.ids import new_id, new_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """``secret`` is None for a client that authenticates by a key or by nothing (``none``)."""

    client_id: str
    secret: str | None
    answer: dict[str, Any]


def check_sector(m: Metadata) -> None:
    """Fetch ``sector_identifier_uri`` and see that it names every redirect URI (OpenID Connect Registration §5), and
    ``jwks_uri`` where people come without one (CIBA §4).

    An outbound call: before any transaction.

    :raises Invalid: where it does not, or cannot be had.
    """
    if m.sector_identifier_uri is None:
        return
    try:
        answer = http.request("GET", m.sector_identifier_uri, timeout=3.0, internal=m.internal_network)
        listed = answer.json() if answer.status == 200 else None
    except AppError as error:
        raise _sector_fault(f"cannot be fetched: {error.code}") from None
    named = {each for each in listed if isinstance(each, str)} if isinstance(listed, list) else None
    if named is None or not set(m.redirect_uris) <= named:
        raise _sector_fault("does not list every one of redirect_uris")
    if m.jwks_uri not in {None, *named} and (PEOPLE - {"authorization_code"}) & set(m.grant_types):
        raise _sector_fault("does not list jwks_uri, as it must for a grant without a redirect (CIBA §4)")


def _sector_fault(why: str) -> Invalid:
    return Invalid({"sector_identifier_uri": why}, code="invalid_client_metadata")


def check_others(db: Session, m: Metadata, client_id: str | None) -> None:
    """What only the other clients' registrations tell: whose an interface is, and whom tokens are exchanged for.

    :raises Invalid: for an interface that is another's, and for an audience that is nobody.
    """
    faults: dict[str, str] = {}
    if m.resource_uris:
        found = db.execute(select(Client.id, Client.registered["resource_uris"]).where(Client.id != client_id))
        taken = {uri: other for other, uris in found for uri in uris or ()}
        if theirs := [f"{uri!a} is client {taken[uri]}'s" for uri in m.resource_uris if uri in taken]:
            faults["resource_uris"] = ", ".join(theirs)
    if m.token_exchange_audiences:
        known = set(db.scalars(select(Client.id).where(Client.id.in_(m.token_exchange_audiences))))
        if nobody := [ascii(name) for name in m.token_exchange_audiences if name not in known]:
            faults["token_exchange_audiences"] = f"there is no client {', '.join(nobody)}"
    if faults:
        raise Invalid(faults, code="invalid_client_metadata")


def columns(m: Metadata, client_id: str) -> dict[str, Any]:
    """The columns of ``Client`` that its metadata decides."""
    host = urlsplit(m.redirect_uris[0]).hostname if m.redirect_uris else None
    return {
        "name": m.client_name or host or client_id,
        "kind": PORTAL if m.interactive else MACHINE,
        "auth_method": m.token_endpoint_auth_method,
        "grant_types": list(m.grant_types),
        "redirect_uris": list(dict.fromkeys(m.redirect_uris)),
        "post_logout_redirect_uris": list(dict.fromkeys(m.post_logout_redirect_uris)),
        "scopes": sorted(set(m.scope.split())),
        "sector": metadata.sector(m, client_id),
        "legal_basis": m.legal_basis,
        "purpose": m.purpose,
        "registered": m.answered(),
    }


def add(db: Session, m: Metadata, *, registration_digest: str | None = None, by: str | None = None) -> Added:
    """Register the client; the answer is that of RFC 7591 §3.2.1. ``check_sector`` comes before.

    ``registration_digest`` is that of the token by which it manages itself, ``by`` the invitation it came with.

    :raises Invalid: as ``check_others`` does.
    """
    check_others(db, m, None)
    client_id = new_id()
    row = Client(id=client_id, **columns(m, client_id), registration_digest=registration_digest, created_at=clock.now())
    db.add(row)
    db.flush()
    answer: dict[str, Any] = {
        "client_id": client_id,
        "client_id_issued_at": int(row.created_at.timestamp()),
    }
    secret = make_secret(db, client_id) if m.has_secret else None
    if secret is not None:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    audit.record(db, "client.added", subject=client_id, details={"kind": row.kind, "scope": m.scope, "invitation": by})
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


def make_secret(db: Session, client_id: str) -> str:
    """One more secret, kept as its digest."""
    secret = new_secret()
    db.add(ClientSecret(client_id=client_id, digest=crypto.digest(secret)))
    db.flush()
    return secret
