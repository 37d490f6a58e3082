"""Requests with an access token (RFC 6750, RFC 9449): who asks, for whom, with which scopes.

The token's signature says that it was ours and for which interface; the client's registration, the family and the list
of revoked tokens say that it still counts. That is one read, which a token that comes again within half a second is
spared: what was ended is over everywhere within a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _

from idp import resource
from idp.clients import registered
from idp.clients.registered import RegisteredClient
from idp.tokens import check, dpop, families, possession, revoked
from idp.tokens.check import AccessToken, Unusable
from idp.tokens.dpop import ALGORITHMS, InvalidProof, Proof
from idp.tokens.families import Standing
from kernel import clock
from kernel.answers import Headers
from kernel.errors import AppError
from kernel.machine import Request

REALM: Final = 'realm="kapok"'


class BearerRefused(AppError):
    """``code`` is RFC 6750 §3.1's; the challenge is in ``headers``."""

    code = "invalid_token"
    status = 401
    message = _("访问凭据无效或者已经过期，请重新取得授权。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """``scopes`` are those of the token that the client is still registered for. Without account it is a machine's."""

    client_id: str
    scopes: frozenset[str]
    account_id: str | None
    family_id: str | None


def bearer(request: Request, *, scope: str, acr: str | None = None, max_age: int | None = None) -> Bearer:
    """Who sent this request, by the token in its Authorization header.

    With ``acr`` or ``max_age`` only a person's token will do, whose sign-in is of that level and not older than so
    many seconds; otherwise the client is told to ask for a new one (RFC 9470). Call it before your transaction.

    :raises BearerRefused: 401 without a good token, 403 where it lacks ``scope``; with ``WWW-Authenticate``.
    """
    token, client = read(request, presented(request), scope=scope)
    family = live(token, path=request.path)
    _authenticated(token, family, acr=acr, max_age=max_age, path=request.path)
    return Bearer(
        client_id=client.client_id,
        scopes=token.scopes & client.scopes,
        account_id=family.account_id if family is not None else None,
        family_id=token.family_id,
    )


def _authenticated(
    token: AccessToken, family: Standing | None, *, acr: str | None, max_age: int | None, path: str
) -> None:
    wanted = {name: str(value) for name, value in (("acr_values", acr), ("max_age", max_age)) if value is not None}
    if not wanted:
        return
    if family is not None and token.acr is not None:
        high = acr is None or int(families.lower_acr(token.acr, family.level)) >= int(acr)
        recent = max_age is None or (clock.now() - family.auth_time).total_seconds() <= max_age
        if high and recent:
            return
    why = "the interface asks for a sign-in of a higher level or a more recent one"
    raise refused("insufficient_user_authentication", 401, why, path=path, **wanted)


def presented(request: Request) -> str:
    """The token in the Authorization header; the scheme's case does not matter (RFC 9110 §11.1).

    :raises BearerRefused: without an error code where there is none (RFC 6750 §3).
    """
    scheme, _space, token = str(request.headers.get("Authorization", "")).partition(" ")
    if scheme.lower() not in {"bearer", "dpop"}:
        raise missing(request.path)
    return token.strip()


def missing(path: str) -> BearerRefused:
    headers = _challenges({}, {}, path)
    return BearerRefused("token_required", headers=headers, detail="no bearer token")


def refused(code: str, status: int, description: str, *, path: str, **more: str) -> BearerRefused:
    """A refusal with its challenges (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1) at the interface ``path``.

    ``description`` is ASCII without quotes.
    """
    told = {"error": code, "error_description": description, **more}
    return BearerRefused(code, status, headers=_challenges(told, told, path), detail=description)


def _challenges(by_bearer: Mapping[str, str], by_dpop: Mapping[str, str], path: str) -> Headers:
    """One for each scheme that a token may come by."""
    where = {"resource_metadata": resource.metadata_url(path)}
    return (
        ("WWW-Authenticate", _challenge(f"Bearer {REALM}", {**by_bearer, **where})),
        ("WWW-Authenticate", _challenge(f"DPoP {REALM}", {**by_dpop, "algs": " ".join(ALGORITHMS), **where})),
    )


def _challenge(begin: str, parts: Mapping[str, str]) -> str:
    return ", ".join([begin, *(f'{name}="{value}"' for name, value in parts.items())])


def read(request: Request, token: str, *, scope: str) -> tuple[AccessToken, RegisteredClient]:
    """The content of the token that came with this request, and its client; whether it was ended is asked by ``live``.

    :raises BearerRefused: also where the token is bound to a key that the request does not show.
    """
    path = request.path
    proof = _proof(request, token)
    try:
        found = check.access_token(token, accepted=resource.accepted_at(path))
    except Unusable as why:
        raise refused("invalid_token", 401, f"the access token is not usable: {why}", path=path) from None
    if why_not := possession.fault(request.headers, found.cnf, proof):
        raise refused("invalid_token", 401, why_not, path=path)
    client = registered.find(found.client_id)
    if client is None:
        raise refused("invalid_token", 401, "the client is not registered any more", path=path)
    if scope not in found.scopes & client.scopes:
        raise refused("insufficient_scope", 403, "the access token lacks the scope", path=path, scope=scope)
    if proof is not None:
        _spend(proof, client, path)
    return found, client


def _proof(request: Request, token: str) -> Proof | None:
    """The proof of a request by the scheme DPoP, not spent yet."""
    if request.headers.get("Authorization", "")[:5].lower() != "dpop ":
        return None
    try:
        proof = dpop.read(request.headers, method=request.method, path=request.path, token=token)
    except InvalidProof as error:
        raise _unproven(error, request.path) from None
    if proof is None:
        none = InvalidProof("send a proof in the header field DPoP beside the access token")
        raise _unproven(none, request.path)
    return proof


def _spend(proof: Proof, client: RegisteredClient, path: str) -> None:
    try:
        proof.serve(client)
    except InvalidProof as error:
        raise _unproven(error, path) from None


def _unproven(error: InvalidProof, path: str) -> BearerRefused:
    told = {"error": error.error, "error_description": error.description}
    headers = (*reversed(_challenges({}, told, path)), dpop.nonce_header())
    return BearerRefused(error.error, 401, headers=headers, detail=error.description)


def live(token: AccessToken, *, path: str) -> Standing | None:
    """The family of a person's token, None for a machine's; by one read at most, outside any transaction.

    :raises BearerRefused: where the token, its family or its client was ended.
    """
    if token.family_id is None:
        if revoked.machine_lives(token):
            return None
    else:
        family = families.seen(token.family_id, jti=token.jti)
        if family is not None and family.live:
            return family
    raise refused("invalid_token", 401, "the access token was revoked", path=path)
