"""The discovery document (OpenID Connect Discovery §3, RFC 8414 §2): computed from the plug-ins, scopes and keys
there are.
"""

import json
from functools import lru_cache

from idp import scopes
from idp.endpoint import endpoints
from idp.grant import grants
from idp.tokens import claims, encrypt, keys, mint
from kernel.machine import Answer, Request

HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "public, max-age=300"),
    ("X-Content-Type-Options", "nosniff"),
)


def document(issuer: str) -> dict[str, object]:
    """The members in force; what is not offered is not named."""
    found: dict[str, object] = {"issuer": issuer}
    for endpoint in endpoints().values():
        if endpoint.member is not None:
            found[endpoint.member] = issuer + endpoint.path
        found |= endpoint.members()
    return found | {
        "grant_types_supported": list(grants()),
        "scopes_supported": list(scopes.PERSONAL),
        "claims_supported": claims.supported(),
        "claim_types_supported": ["normal"],
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": list(keys.ALGORITHMS),
        "id_token_encryption_alg_values_supported": list(encrypt.WRAPS),
        "id_token_encryption_enc_values_supported": list(encrypt.SEALS),
        "acr_values_supported": ["2", "3", "4", "5"],
        "ui_locales_supported": ["zh-CN", "en"],
    }


@lru_cache(maxsize=2)
def _bytes(issuer: str) -> bytes:
    return json.dumps(document(issuer), separators=(",", ":")).encode()


def answer(request: Request) -> Answer:  # noqa: ARG001  # the same for everybody
    """The document, from memory."""
    return Answer(200, _bytes(mint.issuer()), HEADERS)
