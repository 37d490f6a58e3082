"""Making tokens. Everything in them is said by the caller; nothing is looked up here.

Signed with joserfc directly rather than by Authlib's generators, which take the time of issue for the time of
sign-in, know no ``kid`` for a single key, and read the system's clock instead of ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idp.settings import TokenSettings
from idp.tokens import keys, signer
from idp.tokens.algorithms import half_hash
from idp.tokens.terms import NONE, Terms
from kernel import clock, settings
from kernel.ids import new_secret

FAMILY: Final = "family"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grantee:
    """For whom tokens are made: a person at one client, as the sign-in left them, and what was agreed.

    ``refresh_token`` is None without one. ``not_after`` is when its tokens end at the latest.
    """

    account_id: str
    family_id: str
    sub: str
    session_id: str
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    terms: Terms = NONE
    offline: bool = False
    refresh_token: str | None = None
    not_after: datetime | None = None

    def get_user_id(self) -> str:
        return self.sub

    def sign_in(self) -> dict[str, Any]:
        """How and when the person signed in (OpenID Connect Core §2), the same in every token of the family."""
        return {
            "auth_time": int(self.auth_time.timestamp()),
            "acr": self.acr,
            "amr": list(self.amr),
            "sid": self.session_id,
        }


def issuer() -> str:
    return settings.of(settings.KernelSettings).public_url


def access_seconds(grantee: Grantee | None) -> int:
    """How long an access token lives that is made now."""
    life = settings.of(TokenSettings).access_token_seconds
    if grantee is None or grantee.not_after is None:
        return life
    return max(0, min(life, int(grantee.not_after.timestamp()) - int(clock.now().timestamp())))


def access_token(
    *,
    client_id: str,
    scope: str,
    grantee: Grantee | None,
    resources: Sequence[str] = (),
    cnf: Mapping[str, str] | None = None,
) -> str:
    """A JWT access token (RFC 9068); without a grantee the client speaks for itself.

    It is for ``resources`` (RFC 8707), without any for all our own interfaces; with ``cnf`` only the holder of that
    key can use it.
    """
    now = int(clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": issuer(),
        "aud": list(resources) if len(resources) > 1 else (resources[0] if resources else issuer()),
        "sub": grantee.sub if grantee else client_id,
        "client_id": client_id,
        "scope": scope,
        "iat": now,
        "exp": now + access_seconds(grantee),
        "jti": new_secret(16),
    }
    if grantee is not None:
        claims |= grantee.sign_in() | {FAMILY: grantee.family_id}
        if grantee.terms.authorization_details:
            claims["authorization_details"] = list(grantee.terms.authorization_details)
        if grantee.terms.act:
            claims["act"] = grantee.terms.act
    if cnf:
        claims["cnf"] = dict(cnf)
    return keys.ring().signing[keys.MACHINE_ALG].token(claims, typ=signer.ACCESS)


def id_token(
    *,
    client_id: str,
    alg: str,
    grantee: Grantee,
    nonce: str | None,
    access_token: str,
    about: Mapping[str, Any] | None = None,
) -> str:
    """An ID token (OpenID Connect Core §2).

    Claims about the person are at userinfo (§5.4), but for those that were asked for here by name (§5.5): ``about``.
    """
    now = int(clock.now().timestamp())
    claims: dict[str, Any] = {
        **(about or {}),
        "iss": issuer(),
        "aud": client_id,
        "sub": grantee.sub,
        "iat": now,
        "exp": now + settings.of(TokenSettings).id_token_seconds,
        "at_hash": half_hash(access_token, alg),
        "azp": client_id,
        **grantee.sign_in(),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return keys.ring().signing[alg].token(claims, typ=signer.ID)


def signed(claims: Mapping[str, Any], *, alg: str, typ: str) -> str:
    """Any other JWT of ours, as it is given: authorization answers, logout tokens, what introspection says."""
    return keys.ring().signing[alg].token(claims, typ=typ)
