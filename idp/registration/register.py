"""A client registers (RFC 7591 §3) and manages its registration (RFC 7592 §2): what is done, in its order.

What calls out (``sector_identifier_uri``) is done before any transaction; an invitation is counted in the same one
that writes the client.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.clients import add, change, registered
from idp.models.client import Client
from idp.registration import invitations, policy, software
from idp.registration.refused import RegistrationRefused, spent_invitation, wrong_token
from idp.tokens import mint
from kernel import context, crypto
from kernel.db import reading, transaction
from kernel.errors import Invalid
from kernel.ids import new_secret

_NOT_SENT: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
NOBODY: Final = crypto.digest("nobody has this registration access token")


def register(token: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Register a client with an invitation; the answer (RFC 7591 §3.2.1, RFC 7592 §3).

    :raises RegistrationRefused: for a token that does not count, or a statement. :raises Invalid: for the metadata.
    """
    with reading() as db:
        invitation = invitations.find(db, token)
    if invitation is None:
        raise spent_invitation()
    invitation_id, allowed = invitation
    m = policy.first(software.applied(raw), allowed)
    add.check_sector(m)
    management = new_secret()
    with transaction() as db:
        if not invitations.spend(db, invitation_id):
            raise spent_invitation()
        added = add.add(db, m, registration_digest=crypto.digest(management), by=invitation_id)
    return added.answer | _managed(added.client_id, management)


def read(client_id: str, token: str) -> dict[str, Any]:
    """What is registered (RFC 7592 §2.1); secrets are kept as digests and so cannot be told again."""
    with reading() as db:
        return _told(_managing(db, client_id, token), token)


def replace(client_id: str, token: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Replace all of the metadata (RFC 7592 §2.2): what is left out goes, what an operator set stays.

    The token stays good, so that a lost answer locks nobody out.
    """
    with reading() as db:
        now = registered.of(db, _managing(db, client_id, token))
    _judge_sent(raw, client_id, now)
    given = software.applied({name: value for name, value in raw.items() if name not in policy.OURS})
    add.check_sector(policy.again(given, now.meta))
    with transaction() as db, context.bind(client_id=client_id):
        _managing(db, client_id, token)
        row, secret = change.change(db, client_id, lambda row: policy.again(given, registered.metadata_of(row)))
        told = _told(row, token)
    if secret is not None:
        told |= {"client_secret": secret, "client_secret_expires_at": 0}
    return told


def remove(client_id: str, token: str) -> None:
    """Deregister (RFC 7592 §2.3): its tokens end at once, and this one is the last that was good for it."""
    with transaction() as db, context.bind(client_id=client_id):
        _managing(db, client_id, token)
        change.forget_itself(db, client_id)


def new_token(db: Session, client_id: str) -> dict[str, str]:
    """An operator gives the client another token to manage itself by, its first one too; the one before ends.

    :raises NotFound: for an unknown client.
    """
    token = new_secret()
    change.hand_over(db, client_id, crypto.digest(token))
    return _managed(client_id, token)


def _managing(db: Session, client_id: str, token: str) -> Client:
    """The client that this token manages: its own, in a time that tells nothing of others."""
    row = None
    if registered.CLIENT_ID.match(client_id):
        row = db.scalars(select(Client).where(Client.id == client_id, Client.disabled_at.is_(None))).one_or_none()
    digest = row.registration_digest if row is not None and row.registration_digest is not None else NOBODY
    if not crypto.same(crypto.digest(token), digest) or row is None or row.registration_digest is None:
        raise wrong_token()
    return row


def _judge_sent(raw: Mapping[str, Any], client_id: str, now: registered.RegisteredClient) -> None:
    if found := [name for name in _NOT_SENT if name in raw]:
        raise Invalid({found[0]: "must not be sent (RFC 7592 §2.2)"}, code="invalid_client_metadata")
    if raw.get("client_id") != client_id:
        raise Invalid(
            {"client_id": "must be there, and the client's own (RFC 7592 §2.2)"}, code="invalid_client_metadata"
        )
    secret = raw.get("client_secret")
    if secret is not None and not (isinstance(secret, str) and now.check_client_secret(secret)):
        raise RegistrationRefused("invalid_client_metadata", "client_secret: is not one of the client's; leave it out")


def _told(row: Client, token: str) -> dict[str, Any]:
    issued = {"client_id": row.id, "client_id_issued_at": int(row.created_at.timestamp())}
    return issued | row.registered | _managed(row.id, token)


def _managed(client_id: str, token: str) -> dict[str, str]:
    return {
        "registration_access_token": token,
        "registration_client_uri": f"{mint.issuer()}/register/{quote(client_id, safe='')}",
    }
