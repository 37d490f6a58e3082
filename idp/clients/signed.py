"""JWTs that a client signed: assertions by which it authenticates, request objects.

What a token says about itself decides nothing: the algorithm is one of ours, the key one of the client's registered
ones, and headers that bring or name keys are refused (IDENTITY §5, JWT confusion).
"""

import base64
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from joserfc import jws
from joserfc._rfc7515.model import JWSAlgModel
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import JWKRegistry, Key, KeySet

from idp.clients import keys
from idp.clients.registered import RegisteredClient
from kernel import clock
from kernel.errors import Invalid
from kernel.parsing import parse_json

ALGORITHMS: Final = ("ES256", "PS256", "EdDSA", "RS256")
FAPI_ALGORITHMS: Final = ("ES256", "PS256", "EdDSA")  # FAPI 2.0 Security Profile §5.4.1
MOST_CHARACTERS: Final = 16 * 1024
MOST_HEADER: Final = 2048
SKEW_SECONDS: Final = 10
AHEAD_SECONDS: Final = 30  # FAPI 2.0 §5.3.2.1: up to 10 must be taken, from 60 on refused
LATEST: Final = 10**11

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")

_KEYS_OF_ITS_OWN: Final = ("jwk", "jku", "x5u", "x5c", "crit", "b64", "enc", "zip")
# The examples of RFC 7517 §A.1 and RFC 8037 §A.2: what a signature is compared with where there is no client.
_NOBODYS: Final = KeySet(
    [
        JWKRegistry.import_key(dict[str, str | list[str]](jwk))
        for jwk in (
            {
                "kty": "EC",
                "crv": "P-256",
                "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
            },
            {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            {
                "kty": "RSA",
                "e": "AQAB",
                "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPeb"
                "WKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic"
                "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XP"
                "ksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            },
        )
    ]
)

Claims = Mapping[str, Any]


class Registry(jws.JWSRegistry):
    """joserfc's own cap of 512 bytes is less than a header with an RSA key (RFC 9449 §4.2)."""

    max_header_length = MOST_HEADER
    max_payload_length = MOST_CHARACTERS

    def get_alg(self, name: str) -> JWSAlgModel:
        """By the one algorithm that was judged before; joserfc's own warns of the name EdDSA each time."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


class Refused(Exception):
    """The text says what to change, in one ASCII clause. ``forged``: the signature is not the client's, so whoever
    sent it learns no more than that.
    """

    def __init__(self, why: str, *, forged: bool = False) -> None:
        self.forged = forged
        super().__init__(why)


def algorithms(client: RegisteredClient | None, pinned: str | None) -> tuple[str, ...]:
    """By which this client may sign: the one it registered for the purpose, else all, for FAPI 2.0 without RS256."""
    offered = FAPI_ALGORITHMS if client is not None and client.meta.fapi2 else ALGORITHMS
    return tuple(alg for alg in offered if pinned in {None, alg})


def peek(token: str) -> Claims:
    """What the token claims, checked by nobody: good for finding whose key to try, and for nothing else.

    :raises Refused: for what is no JWS with a JSON object in it.
    """
    if len(token) > MOST_CHARACTERS:
        raise Refused(f"must have at most {MOST_CHARACTERS} characters")
    if not _COMPACT.match(token):
        raise Refused("must be a signed JWT in compact form, three base64url parts with dots between (RFC 7515)")
    return _object(token.split(".")[1], "payload")


def header(token: str) -> Claims:
    """What its header says; ``peek`` before. :raises Refused: where that is no JSON object."""
    return _object(token.partition(".")[0], "header")


def verify(
    client: RegisteredClient | None,
    token: str,
    *,
    algorithms: Collection[str],
    audience: Sequence[str],
    typ: Collection[str] = ("JWT",),
    required: Collection[str] = ("iss", "aud", "exp"),
    longest: int | None = None,
) -> Claims:
    """The claims of a JWT that ``client`` signed for us; for nobody, None, it takes as long and is never verified.

    ``audience``: what ``aud`` may be or hold; ``typ``: what the header may call it, nothing always; ``longest``: how
    many seconds ahead ``exp`` may be. May call out, so not inside a transaction.

    :raises Refused: for anything else.
    """
    peek(token)
    head = header(token)
    _judge_header(head, algorithms, typ)
    claims = _verified(client, token, head)
    if missing := [name for name in required if claims.get(name) in (None, "", [])]:
        raise Refused(f"{missing[0]} is missing")
    if client is None or claims.get("iss", client.client_id) != client.client_id:
        raise Refused("iss must be the client_id")
    if "aud" in claims and not _named(claims["aud"], audience):
        raise Refused(f"aud must be {audience[0]}")
    judge_times(claims, longest=longest)
    return claims


def judge_times(claims: Claims, *, longest: int | None = None) -> None:
    """``exp``, ``nbf`` and ``iat``, each where it is there. :raises Refused: for a time that is not now."""
    now = clock.now().timestamp()
    exp, nbf, iat = (_moment(claims, name) for name in ("exp", "nbf", "iat"))
    if exp is not None and exp + SKEW_SECONDS <= now:
        raise Refused("exp is past: the JWT has expired, or the clock of its maker is slow")
    if exp is not None and longest is not None and exp > now + longest + SKEW_SECONDS:
        raise Refused(f"exp must be at most {longest} seconds ahead")
    for name, moment in (("nbf", nbf), ("iat", iat)):
        if moment is not None and moment > now + AHEAD_SECONDS:
            raise Refused(f"{name} is in the future: the clock of its maker is fast")


def usual(alg: object) -> object:
    """EdDSA by the curve that we take has two names (RFC 9864 §2.2); the one that metadata has."""
    return "EdDSA" if alg == "Ed25519" else alg


def judge_form(header: Claims, algorithms: Collection[str], typ: Collection[str]) -> None:
    """The header's ``alg`` and ``typ``. :raises Refused: for others than these."""
    if usual(header.get("alg")) not in algorithms:
        raise Refused(f"must be signed by {' or '.join(algorithms)}")
    said = header.get("typ")
    names = {name.lower() for name in typ}
    if said is not None and not (isinstance(said, str) and said.lower().removeprefix("application/") in names):
        raise Refused(f"typ must be {' or '.join(typ)}")


def content(token: str, key: Key, alg: str) -> Claims:
    """The payload of a JWS by this key. :raises Refused: where the signature is another's."""
    try:
        found = jws.deserialize_compact(token, key, registry=Registry(algorithms=[alg], strict_check_header=False))
        claims = parse_json(found.payload or b"")
    except (JoseError, ValueError, Invalid):
        raise Refused("the signature does not fit", forged=True) from None
    if not isinstance(claims, dict):
        raise Refused("must have a JSON object in it")
    return claims


def _judge_header(header: Claims, algorithms: Collection[str], typ: Collection[str]) -> None:
    if named := [name for name in _KEYS_OF_ITS_OWN if name in header]:
        raise Refused(f"must not have {named[0]} in its header: only registered keys count")
    judge_form(header, algorithms, typ)
    if not isinstance(header.get("kid", ""), str):
        raise Refused("kid must be a string")


def _verified(client: RegisteredClient | None, token: str, header: Claims) -> Claims:
    alg, kid = header["alg"], header.get("kid")
    if client is None:
        _try(keys.signing(_NOBODYS, alg=alg, kid=None), token, alg)
        raise Refused("the signature does not fit", forged=True)
    first = keys.of(client)
    claims = _try(keys.signing(first, alg=alg, kid=kid), token, alg)
    if claims is None and (second := keys.again(client)) is not first:
        claims = _try(keys.signing(second, alg=alg, kid=kid), token, alg)
    if claims is None:
        raise Refused("the signature does not fit", forged=True)
    return claims


def _try(candidates: Sequence[Key], token: str, alg: str) -> Claims | None:
    for key in candidates:
        try:
            return content(token, key, alg)
        except Refused as why:
            if not why.forged:
                raise
    return None


def _object(segment: str, what: str) -> Claims:
    try:
        found = parse_json(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, Invalid):
        found = None
    if not isinstance(found, dict):
        raise Refused(f"its {what} must be a JSON object in base64url")
    return found


def _moment(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    # Not the same as > : a NaN is nothing.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= LATEST:
        raise Refused(f"{name} must be a number of seconds since 1970")
    return value


def _named(aud: object, audience: Collection[str]) -> bool:
    return any(name in audience for name in (aud if isinstance(aud, list) else [aud]) if isinstance(name, str))
