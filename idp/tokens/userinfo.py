"""The form of a userinfo answer: JSON, or a JWT for a client that registered one (OpenID Connect Core §5.3.2)."""

from collections.abc import Mapping
from typing import Final

from idp.claims import JsonValue
from idp.clients.registered import RegisteredClient
from idp.tokens import encrypt, mint, signer
from kernel.machine import Answer, json_answer

_HEADERS: Final = (
    ("Content-Type", "application/jwt"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)


def answer(client: RegisteredClient, claims: Mapping[str, JsonValue]) -> Answer:
    """``claims`` as the client registered to have them: plain, signed, or signed and encrypted.

    What is encrypted is signed too, by the algorithm of its ID tokens where it named no other: a sealed answer that
    anybody could have made is worth little.
    """
    meta = client.meta
    sealed, alg = meta.userinfo_encrypted_response_alg, meta.userinfo_signed_response_alg
    if alg is None and sealed is None:
        return json_answer(claims)
    said = {**claims, "iss": mint.issuer(), "aud": client.client_id}
    token = mint.signed(said, alg=alg or meta.id_token_signed_response_alg, typ=signer.ID)
    if sealed is not None:
        token = encrypt.to(client, token, alg=sealed, enc=meta.userinfo_encrypted_response_enc)
    return Answer(200, token.encode(), _HEADERS)
