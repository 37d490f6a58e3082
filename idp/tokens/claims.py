"""What a client is told of a person: at userinfo, and in the ID token what was asked for there by name.

Whoever holds the data gives it, for what was agreed, and writes the person's access log.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from idp import claims as port
from idp import scopes
from idp.accounts import levels
from idp.claims import Only
from idp.claims_request import Wish
from idp.clients.registered import RegisteredClient
from idp.tokens.families import ACCOUNT, Standing
from idp.tokens.mint import Grantee
from idp.tokens.terms import Terms

OF_THE_TOKEN: Final = (
    *("iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "acr", "amr", "azp"),
    *("sid", "at_hash"),
)
RESERVED: Final = frozenset(OF_THE_TOKEN)
_PERSON: Final = select(ACCOUNT.c.party_key, ACCOUNT.c.level).where(ACCOUNT.c.id == bindparam("account"))


def supported() -> list[str]:
    """The claims a client may expect (OpenID Connect Discovery §3, ``claims_supported``)."""
    return sorted({*scopes.GIVING, *OF_THE_TOKEN})


def handed_over(family: Standing, client: RegisteredClient, agreed: frozenset[str]) -> bool:
    """Whether userinfo has more to tell than the ``sub``."""
    return bool(scopes.asked(agreed) or _still_open(Terms.of(family.terms).userinfo, client))


def released(
    db: Session, family: Standing, client: RegisteredClient, agreed: frozenset[str]
) -> Mapping[str, port.JsonValue]:
    """The claims of the ``agreed`` scopes, and those agreed to one by one. The access log is written in this
    transaction.
    """
    given = _given(
        db,
        client,
        account_id=family.account_id,
        party_key=family.party_key if family.level >= levels.IDENTIFIED else None,
        whole=scopes.asked(agreed),
        single=_still_open(Terms.of(family.terms).userinfo, client),
    )
    return {"sub": family.sub, **given}


def for_id_token(db: Session, grantee: Grantee, client: RegisteredClient) -> Mapping[str, port.JsonValue]:
    """The claims that were asked for in the ID token (OpenID Connect Core §5.5); without any, nothing is read."""
    single = _still_open(grantee.terms.id_token, client)
    if not single:
        return {}
    party_key, level = db.connection().execute(_PERSON, {"account": grantee.account_id}).one()
    return _given(
        db,
        client,
        account_id=grantee.account_id,
        party_key=party_key if level >= levels.IDENTIFIED else None,
        whole=frozenset(),
        single=single,
    )


def _still_open(wishes: Mapping[str, Wish] | None, client: RegisteredClient) -> Mapping[str, Wish]:
    """The wishes of a family for claims that the client is still registered for."""
    offered = scopes.claims(client.scopes) if wishes else frozenset()
    return {name: wish for name, wish in (wishes or {}).items() if name in offered}


def _given(
    db: Session,
    client: RegisteredClient,
    *,
    account_id: str,
    party_key: str | None,
    whole: frozenset[str],
    single: Mapping[str, Wish],
) -> Mapping[str, port.JsonValue]:
    if not whole and not single:
        return {}
    only = Only(
        names=scopes.claims(whole) | frozenset(single),
        values={name: wish["values"] for name, wish in single.items() if "values" in wish},
    )
    told = port.claims().values(
        db,
        account_id=account_id,
        party_key=party_key,
        scopes=whole | {scopes.GIVING[name] for name in single},
        client_id=client.client_id,
        purpose=client.legal_basis or client.purpose,
        only=only if single else None,
    )
    return {name: value for name, value in told.items() if name not in RESERVED}
