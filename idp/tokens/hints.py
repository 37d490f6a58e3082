"""ID tokens of our own that come back as a hint: whose they were, even if they have expired or their key has left the
JWKS (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
"""

from dataclasses import dataclass
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key

from idp.tokens import keys, mint, signer
from idp.tokens.check import Unusable

MOST_CHARACTERS: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """``sub`` is the person's name at ``client_id``; ``sid`` the session it was issued in."""

    client_id: str
    sub: str
    sid: str | None


def read(token: str) -> Hint:
    """:raises Unusable: for anything but an ID token of ours; an access token or a logout token is none."""
    if len(token) > MOST_CHARACTERS:
        raise Unusable("longer than any of ours")
    try:
        found = jwt.decode(token, _key_of, algorithms=list(keys.ALGORITHMS))
    except (JoseError, ValueError) as error:
        raise Unusable(type(error).__name__) from None
    claims = found.claims
    if found.header.get("typ") != signer.ID or "at_hash" not in claims or "events" in claims:
        raise Unusable("not an ID token")
    if claims.get("iss") != mint.issuer():
        raise Unusable("of another issuer")
    return Hint(client_id=str(claims["aud"]), sub=str(claims["sub"]), sid=claims.get("sid"))


def _key_of(signature: GuestProtocol) -> Key:
    header = signature.headers()
    found = keys.known(str(header.get("kid")))
    if found is None or found[0] != header.get("alg"):
        raise Unusable("not signed with a key of ours")
    return found[1]
