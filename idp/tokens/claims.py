"""What userinfo answers: the ``sub``, and what whoever holds the data gives for the agreed scopes."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from idp import claims as port
from idp import scopes
from idp.accounts import levels
from idp.clients.registered import RegisteredClient
from idp.tokens.families import Standing

RESERVED: Final = frozenset({"sub", "iss", "aud", "exp", "iat", "nonce", "auth_time", "acr", "amr", "azp"})


def supported() -> list[str]:
    """The claims a client may expect (OpenID Connect Discovery §3, ``claims_supported``)."""
    named = [claim for scope in scopes.PERSONAL.values() for claim in scope.claims]
    return sorted({*named, "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "nonce", "at_hash"})


def released(
    db: Session, family: Standing, client: RegisteredClient, agreed: frozenset[str]
) -> Mapping[str, port.JsonValue]:
    """The claims for ``agreed`` scopes. Whoever gives them writes the person's access log in this transaction."""
    asked = scopes.asked(agreed)
    given: Mapping[str, port.JsonValue] = {}
    if asked:
        given = port.claims().values(
            db,
            account_id=family.account_id,
            party_key=family.party_key if family.level >= levels.IDENTIFIED else None,
            scopes=asked,
            client_id=client.client_id,
            purpose=client.legal_basis or client.purpose,
        )
    return {"sub": family.sub} | {name: value for name, value in given.items() if name not in RESERVED}
