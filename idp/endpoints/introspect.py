"""Introspection (RFC 7662): whether a token counts at this moment and what it says, for those it concerns.

That is the client it was issued to, the client whose interface it was made for, and whom an operator lets ask about
every one (``introspects``). Everybody else learns nothing, not even that there is such a token (§4).
"""

from collections.abc import Mapping
from typing import Any, Final

from idp.client_request import client_endpoint
from idp.clients import registered, signed
from idp.clients.method import methods
from idp.clients.refused import ClientRefused
from idp.clients.registered import RegisteredClient
from idp.endpoint import Endpoint
from idp.settings import TokenSettings
from idp.tokens import check, families, keys, mint, revoked
from idp.tokens.check import AccessToken, Unusable
from kernel import clock, settings
from kernel.db import reading
from kernel.machine import Answer, Request, json_answer

SIGNED: Final = "token-introspection+jwt"
DEFAULT_ALG: Final = "RS256"  # of who asks for a signed answer and registered no algorithm (RFC 9701 §6)
INACTIVE: Final[Mapping[str, Any]] = {"active": False}
_AS_IN_THE_TOKEN: Final = (
    *("client_id", "sub", "aud", "iss", "exp", "iat", "jti", "auth_time", "cnf", "act", "authorization_details"),
)


def handle(request: Request, form: Mapping[str, str], client: RegisteredClient) -> Answer:
    """Tell a client whether a token counts now, and what it says."""
    if not client.meta.confidential:
        raise ClientRefused  # a name alone proves nothing, and whoever may ask could try tokens (RFC 7662 §2.1)
    return _answer(request, client, _told(client, form.get("token", "")))


def _told(client: RegisteredClient, token: str) -> Mapping[str, Any]:
    """``token_type_hint`` is not needed: the two kinds look different (RFC 7662 §2.1 lets it be ignored)."""
    claimed = families.presented(token)
    if claimed is not None:
        return _refresh_token(client, token, *claimed)
    try:
        return _access_token(client, check.issued(token))
    except Unusable:
        return INACTIVE


def _access_token(client: RegisteredClient, token: AccessToken) -> Mapping[str, Any]:
    holder = registered.find(token.client_id)
    if holder is None or not concerns(client, token):
        return INACTIVE
    scope = holder.get_allowed_scope(token.claims["scope"])
    told: dict[str, Any] = {name: token.claims[name] for name in _AS_IN_THE_TOKEN if name in token.claims}
    told |= {"active": True, "token_type": "DPoP" if token.cnf and "jkt" in token.cnf else "Bearer"}
    if scope is not None:
        told["scope"] = scope
    if token.family_id is None:
        return told if revoked.machine_lives(token) else INACTIVE
    family = families.seen(token.family_id, jti=token.jti)
    if family is None or not family.live:
        return INACTIVE
    # ``sub`` stays the one in the token: who asks can read it there, and another would let two portals compare their
    # users. The level may have fallen since.
    return told if token.acr is None else told | {"acr": families.lower_acr(token.acr, family.level)}


def concerns(client: RegisteredClient, token: AccessToken) -> bool:
    """Whether the token is this client's, or made for it."""
    its_own = {client.client_id, *client.meta.resource_uris}
    return client.client_id == token.client_id or client.meta.introspects or not its_own.isdisjoint(token.audience)


def _refresh_token(client: RegisteredClient, token: str, family_id: str, generation: int) -> Mapping[str, Any]:
    """Only for the client it was issued to, and without ``token_type``: nobody shall take it for an access token."""
    with reading() as db:
        family = families.standing(db, family_id)
    if family is None or not family.live or family.client_id != client.client_id:
        return INACTIVE
    if generation != family.generation or not families.genuine(token, family, generation):
        return INACTIVE
    ends = min(family.expires_at, family.rotated_at + settings.of(TokenSettings).refresh_idle)
    if clock.now() >= ends:
        return INACTIVE
    told = {
        "active": True,
        "client_id": family.client_id,
        "sub": family.sub,
        "iss": mint.issuer(),
        "aud": mint.issuer(),  # it is good here and nowhere else
        "iat": int(family.rotated_at.timestamp()),
        "exp": int(ends.timestamp()),
        "scope": client.get_allowed_scope(family.scope),
        "auth_time": int(family.auth_time.timestamp()),
        "acr": family.present_acr,
        "cnf": (family.terms or {}).get("cnf"),
        "authorization_details": (family.terms or {}).get("authorization_details"),
    }
    return {name: value for name, value in told.items() if value is not None}


def _answer(request: Request, client: RegisteredClient, told: Mapping[str, Any]) -> Answer:
    """Signed (RFC 9701) for who asks for it so or registered it so; then nobody on the way can change it."""
    alg = client.meta.introspection_signed_response_alg
    if alg is None and f"application/{SIGNED}" not in request.headers.get("Accept", "").lower():
        return json_answer(told)
    claims = {
        "iss": mint.issuer(),
        "aud": client.client_id,
        "iat": int(clock.now().timestamp()),
        "token_introspection": told,
    }
    body = mint.signed(claims, alg=alg or DEFAULT_ALG, typ=SIGNED).encode()
    kind = (("Content-Type", f"application/{SIGNED}"), ("Cache-Control", "no-store"))
    return Answer(200, body, (*kind, ("X-Content-Type-Options", "nosniff")))


plugin = Endpoint(
    name="introspect",
    path="/introspect",
    member="introspection_endpoint",
    metadata=lambda: {
        "introspection_endpoint_auth_methods_supported": [name for name in methods() if name != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(signed.ALGORITHMS),
        "introspection_signing_alg_values_supported": list(keys.ALGORITHMS),
    },
    handle=client_endpoint(handle),
    methods=("POST",),
)
