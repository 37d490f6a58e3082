"""What is wrong with a client's keys: those it proves itself by, signs with, and has things encrypted for."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from idp.clients.metadata import Metadata

SUBJECTS: Final = tuple(
    f"tls_client_auth_{part}" for part in ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
)
ENCRYPTED: Final = ("id_token", "userinfo")
SIGNED: Final = (
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "authorization_signed_response_alg",
    "introspection_signed_response_alg",
)
_KTY: Final = {"RSA-OAEP-256": ("RSA",), "ECDH-ES": ("EC", "OKP")}  # no sets: what was sent may have no hash


def of(m: "Metadata") -> Iterator[tuple[str, str]]:
    yield from _set_faults(m)
    yield from _authentication_faults(m)
    yield from _encryption_faults(m)
    from idp.tokens.keys import ALGORITHMS

    for member in SIGNED:
        alg = getattr(m, member)
        if alg is not None and alg not in ALGORITHMS:
            yield member, f"must be one of {', '.join(ALGORITHMS)}"


def _set_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    if m.jwks is None:
        return
    from idp.clients import keys

    if m.jwks_uri is not None:
        yield "jwks", "is given beside jwks_uri; only one of them may be (RFC 7591 §2)"
    elif not _plain(m.jwks):
        yield "jwks", "has a member that is no string and no list of strings, as no public key needs (RFC 7517 §4)"
    elif why := keys.faults(m.jwks):
        yield "jwks", why


def _plain(jwks: Mapping[str, object]) -> bool:
    """Whether a database keeps it as it is: nothing deep in it, and no number that is none (1e999)."""
    listed = _listed(jwks)
    within = [value for jwk in listed if isinstance(jwk, dict) for value in jwk.values()]
    if not all(isinstance(jwk, dict) for jwk in listed):
        return False
    return all(_flat(value) for value in (*within, *(value for name, value in jwks.items() if name != "keys")))


def _flat(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, str) or (isinstance(value, int) and abs(value) < 1 << 53)


def _authentication_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    from idp.clients import certificate

    method, has_keys = m.token_endpoint_auth_method, m.jwks is not None or m.jwks_uri is not None
    if method in {"private_key_jwt", "self_signed_tls_client_auth"} and not has_keys:
        yield "jwks", f"or jwks_uri is needed: {method} proves itself by keys we know"
    named = [member for member in SUBJECTS if getattr(m, member) is not None]
    if method == "tls_client_auth" and len(named) != 1:
        yield (
            "token_endpoint_auth_method",
            f"tls_client_auth needs exactly one of {', '.join(SUBJECTS)} (RFC 8705 §2.1.2)",
        )
    if m.tls_client_auth_subject_dn is not None and certificate.name_of(m.tls_client_auth_subject_dn) is None:
        yield "tls_client_auth_subject_dn", "must be a distinguished name as RFC 4514 writes it"
    if method != "tls_client_auth" and named:
        yield named[0], "is for tls_client_auth alone (RFC 8705 §2.1.2)"
    if m.token_endpoint_auth_signing_alg is not None and method != "private_key_jwt":
        yield "token_endpoint_auth_signing_alg", "is for private_key_jwt alone"
    if (m.require_signed_request_object or m.request_object_signing_alg is not None) and not has_keys:
        yield "jwks", "or jwks_uri is needed: request objects are signed by keys we know (RFC 9101 §10.5)"


def _encryption_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    for what in ENCRYPTED:
        alg_name, enc_name = f"{what}_encrypted_response_alg", f"{what}_encrypted_response_enc"
        alg, enc = getattr(m, alg_name), getattr(m, enc_name)
        if enc is not None and alg is None:
            yield alg_name, f"is needed with {enc_name} (OpenID Connect Registration §2)"
        if alg is None:
            continue
        if enc is None:
            yield (
                enc_name,
                f"must be A256GCM; the default of {alg_name} is not offered (OpenID Connect Registration §2)",
            )
        if m.jwks is None and m.jwks_uri is None:
            yield "jwks", f"or jwks_uri is needed: {alg_name} encrypts for a key of the client"
        elif m.jwks is not None and not any(_fits(jwk, alg) for jwk in _listed(m.jwks)):
            yield "jwks", f"has no key for {alg_name} {alg}"


def _listed(jwks: object) -> list[object]:
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    return listed if isinstance(listed, list) else []


def _fits(jwk: object, alg: str) -> bool:
    return (
        isinstance(jwk, dict)
        and jwk.get("kty") in _KTY[alg]
        and jwk.get("crv") != "Ed25519"
        and jwk.get("use", "enc") == "enc"
        and jwk.get("alg", alg) == alg
    )
