"""Software statements (RFC 7591 §2.3): a signed word of somebody else on what a client is. Nobody's counts unless an
operator trusts its issuer (TRUSTED_SOFTWARE_ISSUERS).
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final

from joserfc.jwk import KeySet

from idp.clients import keys, signed
from idp.registration.refused import RegistrationRefused
from idp.registration.settings import RegistrationSettings
from kernel import settings
from kernel.errors import Invalid
from kernel.parsing import parse_json

MEMBER: Final = "software_statement"
# Of the statement itself, not of the client (RFC 7519 §4.1).
_OWN: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
_TYPES: Final = ("JWT", "software-statement+jwt")


def applied(raw: Mapping[str, Any]) -> dict[str, Any]:
    """``raw`` with what its statement says; the statement wins (RFC 7591 §2.3).

    :raises RegistrationRefused: for one that is not to be trusted.
    """
    statement = raw.get(MEMBER)
    if statement is None:
        return dict(raw)
    if not isinstance(statement, str):
        raise RegistrationRefused("invalid_software_statement", "software_statement must be a JWT")
    try:
        claims = _verified(statement)
    except signed.Refused as why:
        raise RegistrationRefused("invalid_software_statement", f"software_statement: {why}") from None
    said = {name: value for name, value in claims.items() if name not in _OWN and name != MEMBER}
    return {**raw, **said}


def _verified(statement: str) -> Mapping[str, Any]:
    issuer = signed.peek(statement).get("iss")
    trusted = settings.of(RegistrationSettings).software_issuers
    if not isinstance(issuer, str) or issuer not in trusted:
        raise RegistrationRefused(
            "unapproved_software_statement", "the issuer of software_statement is not trusted here; leave it out"
        )
    header = _header(statement)
    signed.judge_form(header, signed.ALGORITHMS, _TYPES)
    for key in keys.signing(_set(trusted[issuer]), alg=header["alg"], kid=header.get("kid")):
        try:
            claims = signed.content(statement, key, header["alg"])
        except signed.Refused as why:
            if not why.forged:
                raise
        else:
            signed.judge_times(claims)
            return claims
    raise signed.Refused("the signature does not fit", forged=True)


def _header(statement: str) -> Mapping[str, Any]:
    try:
        found = parse_json(urlsafe_b64decode(statement.partition(".")[0] + "=="))
    except (ValueError, Invalid):
        found = None
    if not isinstance(found, dict) or "crit" in found:
        raise signed.Refused("its header must be a JSON object, without crit")
    return found


def _set(jwks: Mapping[str, Any]) -> KeySet:
    return KeySet([key for jwk in jwks["keys"] if (key := keys.public(jwk)) is not None])
