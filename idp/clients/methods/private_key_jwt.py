"""A JWT that the client signed with its own key (RFC 7523 §2.2, OpenID Connect Core §9)."""

from typing import Final

from idp.clients import signed
from idp.clients.method import Credentials, Method
from idp.clients.refused import ClientRefused
from idp.clients.registered import RegisteredClient
from idp.tokens import mint
from kernel import clock, crypto, keyvalue

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST: Final = 3600
MOST_JTI: Final = 512


def claims(credentials: Credentials) -> str | None:
    if "client_assertion" not in credentials.form and "client_assertion_type" not in credentials.form:
        return None
    if credentials.form.get("client_assertion_type") != TYPE:
        raise ClientRefused(f"client_assertion_type must be {TYPE}")
    try:
        found = signed.peek(credentials.form.get("client_assertion", ""))
    except signed.Refused as why:
        raise ClientRefused(f"client_assertion: {why}") from None
    subject = found.get("sub")
    if not isinstance(subject, str):
        raise ClientRefused("client_assertion: sub must be the client_id")
    return subject


def proven(client: RegisteredClient | None, credentials: Credentials) -> bool:
    pinned = client.meta.token_endpoint_auth_signing_alg if client is not None else None
    try:
        found = signed.verify(
            client,
            credentials.form["client_assertion"],
            algorithms=signed.algorithms(client, pinned),
            audience=_audience(client),
            typ=("JWT", "client-authentication+jwt"),
            required=("iss", "sub", "aud", "exp", "jti"),
            longest=LONGEST,
        )
    except signed.Refused as why:
        if why.forged:
            return False
        raise ClientRefused(f"client_assertion: {why}") from None
    assert client is not None
    if client.meta.fapi2 and not isinstance(found["aud"], str):
        raise ClientRefused(f"client_assertion: aud must be the string {mint.issuer()} (FAPI 2.0)")
    if not first_use(client, found, keyvalue.store()):
        raise ClientRefused("client_assertion: its jti was used before; make a new one for each request")
    return True


def _audience(client: RegisteredClient | None) -> tuple[str, ...]:
    """The issuer; the endpoints' addresses are what older libraries send (RFC 7523 §3, RFC 9126 §2)."""
    issuer = mint.issuer()
    if client is not None and client.meta.fapi2:
        return (issuer,)
    return (issuer, *(issuer + path for path in ("/token", "/par", "/bc-authorize")))


def first_use(client: RegisteredClient, found: signed.Claims, store: keyvalue.KeyValue) -> bool:
    """Remembered until it is past, wherever it comes: of two nodes that are shown an assertion one takes it."""
    jti, left = found["jti"], found["exp"] - clock.now().timestamp()
    if not isinstance(jti, str) or len(jti) > MOST_JTI:
        raise ClientRefused(f"client_assertion: jti must be a string of at most {MOST_JTI} characters")
    seen = f"assertion:{crypto.digest(f'{client.client_id} {jti}')}"
    return store.add(seen, "1", int(left) + signed.SKEW_SECONDS + 2)


plugin = Method(name="private_key_jwt", claims=claims, proven=proven)
