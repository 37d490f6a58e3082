"""Revocation (RFC 7009): a client gives back what it holds. It counts nowhere any more within a second, and here at
once.
"""

from collections.abc import Mapping

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.client_request import client_endpoint
from idp.clients import signed
from idp.clients.method import methods
from idp.clients.registered import RegisteredClient
from idp.endpoint import Endpoint
from idp.tokens import check, families, revoked
from idp.tokens.check import Unusable
from kernel import audit
from kernel.db import reading, transaction
from kernel.machine import Answer, Request


def handle(request: Request, form: Mapping[str, str], client: RegisteredClient) -> Answer:  # noqa: ARG001
    """Take a token back for the client it was issued to; a refresh token with everything that grew out of it.

    What is unknown, over, or another client's is answered the same way (§2.2): it tells nothing about tokens.
    """
    token = form.get("token")
    if token is None:
        raise InvalidRequestError("Missing 'token' in request.")
    claimed = families.presented(token)
    if claimed is not None:
        _refresh_token(client, token, *claimed)
    else:
        _access_token(client, token)
    return Answer(200, b"", (("Cache-Control", "no-store"),))


def _refresh_token(client: RegisteredClient, token: str, family_id: str, generation: int) -> None:
    """An older one of the family does as well: who gives up one has no use for its successors."""
    with reading() as db:
        family = families.standing(db, family_id)
    if family is None or family.client_id != client.client_id or not families.genuine(token, family, generation):
        return
    with transaction() as db:
        if families.end(db, family_id=family_id, reason="revoked"):
            audit.record(db, "token.revoked", subject=family_id, details={"kind": "refresh_token"})


def _access_token(client: RegisteredClient, token: str) -> None:
    """The one alone; its family lives on, so that a portal can drop a token without signing the person out."""
    try:
        found = check.issued(token)
    except Unusable:
        return
    if found.client_id != client.client_id:
        return
    with transaction() as db:
        if revoked.revoke(db, found):
            subject = found.family_id or found.client_id
            audit.record(db, "token.revoked", subject=subject, details={"kind": "access_token"})


plugin = Endpoint(
    name="revoke",
    path="/revoke",
    member="revocation_endpoint",
    metadata=lambda: {
        "revocation_endpoint_auth_methods_supported": list(methods()),
        "revocation_endpoint_auth_signing_alg_values_supported": list(signed.ALGORITHMS),
    },
    handle=client_endpoint(handle),
    methods=("POST",),
    cors=True,
)
