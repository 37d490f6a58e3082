"""Reading tokens of our own back: signature, issuer, kind and time; whether they still count is the family's to say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key

from idp import scopes
from idp.process_cache import ProcessCache
from idp.tokens import keys, mint, signer
from kernel import clock, crypto

MOST_CHARACTERS: Final = 8192


class Unusable(Exception):
    """Not a token of ours, not of the kind asked for, or past its time. The text says which, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """The verified content of an access token. ``family_id`` is None for a client that speaks for itself.

    ``audience`` are the interfaces it is for, ``cnf`` is the key it is bound to; ``claims`` is all of it.
    """

    jti: str
    client_id: str
    sub: str
    audience: tuple[str, ...]
    scopes: frozenset[str]
    family_id: str | None
    acr: str | None
    auth_time: int | None
    cnf: Mapping[str, str] | None
    expires: int
    claims: Mapping[str, Any]

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.expires, UTC)


# A token comes back many times; its signature need be checked once. Keyed by digest, so the cache holds no token.
_checked: ProcessCache[AccessToken] = ProcessCache(seconds=keys.CACHE_SECONDS, most=2000)


def access_token(token: str, *, accepted: Sequence[str]) -> AccessToken:
    """An access token for one of the ``accepted`` audiences (RFC 9068 §4).

    :raises Unusable: for everything else.
    """
    found = issued(token)
    if not any(each in accepted for each in found.audience):
        raise Unusable("made for another resource")
    return found


def issued(token: str) -> AccessToken:
    """An access token of ours, whoever it is for: to tell about it, not to act on it.

    :raises Unusable: for everything that is not an access token of this issuer that has not expired.
    """
    if len(token) > MOST_CHARACTERS:
        raise Unusable("longer than any of ours")
    found = _checked.get(crypto.digest(token), lambda: _access_token(token))
    assert found is not None
    if found.expires <= clock.now().timestamp():
        raise Unusable("expired")
    return found


def _access_token(token: str) -> AccessToken:
    claims = _signed_by_us(token)
    if claims.get("iss") != mint.issuer():
        raise Unusable("of another issuer")
    audience = claims["aud"]
    return AccessToken(
        jti=claims["jti"],
        client_id=claims["client_id"],
        sub=claims["sub"],
        audience=(audience,) if isinstance(audience, str) else tuple(audience),
        scopes=frozenset(scopes.split(claims["scope"])),
        family_id=claims.get(mint.FAMILY),
        acr=claims.get("acr"),
        auth_time=claims.get("auth_time"),
        cnf=claims.get("cnf"),
        expires=claims["exp"],
        claims=claims,
    )


def id_token_hint(token: str, *, client_id: str) -> str:
    """The ``sub`` an ID token of ours was issued for; it may have expired (OpenID Connect Core §3.1.2.1).

    :raises Unusable: for anything else, an access token included.
    """
    if len(token) > MOST_CHARACTERS:
        raise Unusable("longer than any of ours")
    header, claims = _verified(token, _past_or_present_key)
    if header.get("typ") != signer.ID or "at_hash" not in claims:
        raise Unusable("not an ID token")
    if claims.get("iss") != mint.issuer() or claims.get("aud") != client_id:
        raise Unusable("of another issuer or for another client")
    return str(claims["sub"])


def _signed_by_us(token: str) -> Mapping[str, Any]:
    """The claims of an access token. Nearly all begin with a header known byte for byte; others are read in general."""
    signed, _, signature = token.encode(errors="replace").rpartition(b".")
    checker = keys.ring().own.get(signed.partition(b".")[0])
    if checker is None:
        header, claims = _verified(token)
        if header.get("typ") != signer.ACCESS:
            raise Unusable("not an access token")
        return claims
    found = checker.claims(signed, signature)
    if found is None:
        raise Unusable("not signed with a key of ours")
    return found


def _verified(
    token: str, key_of: Callable[[GuestProtocol], Key] | None = None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        read = jwt.decode(token, key_of or _key_of, algorithms=keys.ALGORITHMS)
    except (JoseError, ValueError):
        raise Unusable("not a JWT that this issuer signed") from None
    return read.header, read.claims


def _key_of(signature: GuestProtocol) -> Key:
    """Our published key of this id, for its own algorithm; keys and addresses in the header are not looked at."""
    return _fitting(signature, keys.published)


def _past_or_present_key(signature: GuestProtocol) -> Key:
    """The same of any key we ever signed with: who signs out after months still has the ID token from then."""
    return _fitting(signature, keys.known)


def _fitting(signature: GuestProtocol, find: Callable[[str], tuple[str, Key] | None]) -> Key:
    header = signature.headers()
    found = find(str(header.get("kid")))
    if found is None or found[0] != header.get("alg"):
        raise Unusable("not signed with a key of ours")
    return found[1]
