"""A client as requests see it: immutable, and kept in the process for half a minute."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from idp import scopes
from idp.clients.metadata import Metadata
from idp.models.client import Client, ClientSecret
from idp.process_cache import ProcessCache
from kernel import clock, crypto, db

CACHE_SECONDS: Final = 30
CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,64}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    digest: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """``redirect_uris`` are compared byte by byte; ``scopes`` are the most it may ever have; ``meta`` is all else
    that it registered.
    """

    client_id: str
    name: str
    kind: str
    auth_method: str
    grant_types: frozenset[str]
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    sector: str
    legal_basis: str | None
    purpose: str | None
    secrets: tuple[Secret, ...]
    meta: Metadata

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: ``redirect_uri`` is required of everybody (OpenID Connect Core §3.1.2.1)."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What of ``scope`` this client may have now; None where nothing remains, which Authlib answers by
        invalid_scope.
        """
        return " ".join(s for s in scopes.split(scope) if s in self.scopes and scopes.exists(s)) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        presented, now, fits = crypto.digest(client_secret), clock.now(), False
        for secret in self.secrets:  # all of them: the time does not tell which one was close
            live = secret.expires_at is None or now < secret.expires_at
            fits |= crypto.same(presented, secret.digest) and live
        return fits

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002  # one method everywhere
        return method == self.auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


_cache: ProcessCache[RegisteredClient] = ProcessCache(seconds=CACHE_SECONDS, most=1000)
_owners: ProcessCache[Mapping[str, frozenset[str]]] = ProcessCache(seconds=CACHE_SECONDS, most=1)

_CLIENT: Final = select(Client).where(Client.id == bindparam("client_id"), Client.disabled_at.is_(None))
_SECRETS: Final = select(ClientSecret.digest, ClientSecret.expires_at).where(
    ClientSecret.client_id == bindparam("client_id")
)
_RESOURCES: Final = select(Client.id, Client.registered["resource_uris"]).where(Client.disabled_at.is_(None))


def find(client_id: str | None) -> RegisteredClient | None:
    """The client of this id; None for one that is unknown or disabled (elsewhere: up to half a minute ago)."""
    if client_id is None or not CLIENT_ID.match(client_id):
        return None
    return _cache.get(client_id, lambda: _load(client_id))


def forget(client_id: str) -> None:
    """After a change: this process asks the database again."""
    _cache.forget(client_id)
    _owners.forget()


def owners(resource: str) -> frozenset[str]:
    """The clients that registered this interface as theirs (``resource_uris``), as of at most half a minute ago."""
    found = _owners.get("", _load_owners)
    return found.get(resource, frozenset()) if found is not None else frozenset()


def _load_owners() -> Mapping[str, frozenset[str]]:
    """All of them at once: whoever asks for an interface that nobody has costs no read."""
    named: dict[str, set[str]] = {}
    with db.reading() as reading:
        for client_id, uris in reading.execute(_RESOURCES):
            for uri in uris or ():
                named.setdefault(uri, set()).add(client_id)
    return {uri: frozenset(clients) for uri, clients in named.items()}


def of(db: Session, row: Client) -> RegisteredClient:
    """A row of the database as requests see it."""
    secrets = tuple(
        Secret(digest=digest, expires_at=expires_at)
        for digest, expires_at in db.execute(_SECRETS, {"client_id": row.id})
    )
    return RegisteredClient(
        client_id=row.id,
        name=row.name,
        kind=row.kind,
        auth_method=row.auth_method,
        grant_types=frozenset(row.grant_types),
        redirect_uris=tuple(row.redirect_uris),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
        scopes=frozenset(row.scopes),
        sector=row.sector,
        legal_basis=row.legal_basis,
        purpose=row.purpose,
        secrets=secrets,
        meta=metadata_of(row),
    )


def metadata_of(row: Client) -> Metadata:
    """What it registered. What is empty was left out when it was kept; only this member has a default that is not."""
    return Metadata.model_validate({"response_types": [], **row.registered})


def _load(client_id: str) -> RegisteredClient | None:
    with db.reading() as reading:
        row = reading.scalars(_CLIENT, {"client_id": client_id}).one_or_none()
        return None if row is None else of(reading, row)
