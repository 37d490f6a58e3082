"""The discovery document (OpenID Connect Discovery §3, RFC 8414 §2): computed from the plug-ins, scopes and keys
there are.
"""

import json

from idp import scopes
from idp.accounts import levels
from idp.clients import certificate
from idp.endpoint import endpoints
from idp.grant import grants
from idp.tokens import claims, encrypt, keys
from kernel import i18n, settings
from kernel.machine import Answer, Request
from kernel.settings import KernelSettings

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
        "acr_values_supported": list(levels.ACR),
        "ui_locales_supported": list(i18n.TAGS),
        "claims_locales_supported": [i18n.TAGS[0]],  # what departments reported is said in their words
        **_certificates(issuer),
    }


def _certificates(issuer: str) -> dict[str, object]:
    """Where clients show certificates, if that is elsewhere (RFC 8705 §3.3, §5)."""
    if not certificate.offered():
        return {}
    base = certificate.base_url()
    called = [e for e in endpoints().values() if e.member is not None and e.handle is not None and not e.public]
    aliases = {"mtls_endpoint_aliases": {e.member: base + e.path for e in called}} if base != issuer else {}
    return {"tls_client_certificate_bound_access_tokens": True, **aliases}


_made: tuple[KernelSettings, bytes] | None = None


def answer(request: Request) -> Answer:  # noqa: ARG001  # the same for everybody
    """The document, from memory; made once for the settings that are loaded."""
    global _made  # noqa: PLW0603  # one per process
    loaded = settings.of(KernelSettings)
    if _made is None or _made[0] is not loaded:
        _made = loaded, json.dumps(document(loaded.public_url), separators=(",", ":")).encode()
    return Answer(200, _made[1], HEADERS)
