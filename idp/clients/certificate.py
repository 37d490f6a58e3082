"""The certificate on a client's connection (RFC 8705), as the proxy that ends TLS hands it on.

A header field is what anybody can write: it counts only where an operator named it and trusts a proxy in front, and the
proxy must take it out of what clients send (docs/howto/mtls.md).
"""

import base64
import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from idp.clients.metadata import Metadata
from idp.settings import ClientCertificateSettings
from kernel import settings

THUMBPRINT: Final = "x5t#S256"
MOST_CHARACTERS: Final = 16 * 1024
# RFC 4514 §3 names few attributes; these are written by name in practice.
_ATTRIBUTES: Final = {
    "E": NameOID.EMAIL_ADDRESS,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
    "T": NameOID.TITLE,
}


_KINDS: Final[Mapping[str, type[x509.GeneralName]]] = {
    "san_dns": x509.DNSName,
    "san_uri": x509.UniformResourceIdentifier,
    "san_ip": x509.IPAddress,
    "san_email": x509.RFC822Name,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """``key`` is its public key (SubjectPublicKeyInfo); ``trusted``: the proxy found it signed by an authority."""

    parsed: x509.Certificate
    key: bytes
    thumbprint: str
    trusted: bool


def offered() -> bool:
    """Whether certificates reach us at all."""
    kernel = settings.of(settings.KernelSettings)
    return bool(settings.of(ClientCertificateSettings).mtls_certificate_header) and kernel.trusted_hops > 0


def by_authority() -> bool:
    """Whether the proxy tells who signed them."""
    return offered() and bool(settings.of(ClientCertificateSettings).mtls_verified_header)


def base_url() -> str:
    """Where clients show certificates."""
    return settings.of(ClientCertificateSettings).mtls_url or settings.of(settings.KernelSettings).public_url


def shown(headers: Mapping[str, str]) -> Certificate | None:
    """The certificate of this request's connection; None without one, and for what is none."""
    if not offered():
        return None
    names = settings.of(ClientCertificateSettings)
    text = headers.get(names.mtls_certificate_header, "").strip()
    if not text or len(text) > MOST_CHARACTERS:
        return None
    verified = headers.get(names.mtls_verified_header) if names.mtls_verified_header else None
    return _read(text, verified == "SUCCESS")


@lru_cache(maxsize=256)
def _read(text: str, trusted: bool) -> Certificate | None:  # noqa: FBT001  # a cache takes no keyword faster
    try:
        der = _der(text)
        parsed = x509.load_der_x509_certificate(der)
        key = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None
    digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    return Certificate(parsed=parsed, key=key, thumbprint=digest, trusted=trusted)


def _der(text: str) -> bytes:
    """Of the forms that proxies write: RFC 9440 ``:base64:``, nginx's escaped PEM, and base64 alone."""
    if text.startswith(":") and text.endswith(":"):
        return base64.b64decode(text[1:-1], validate=True)
    text = unquote(text)
    if "-----BEGIN" in text:
        return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)
    return base64.b64decode(text, validate=True)


def fits(certificate: Certificate, meta: Metadata) -> bool:
    """Whether it names whom the client registered (RFC 8705 §2.1.2); of several registered names none counts."""
    wanted = {
        name: value
        for name in ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
        if (value := getattr(meta, f"tls_client_auth_{name}")) is not None
    }
    if len(wanted) != 1:
        return False
    [(kind, value)] = wanted.items()
    if kind == "subject_dn":
        named = name_of(value)
        return named is not None and named == certificate.parsed.subject
    return _canonical(kind, value) in _alternatives(certificate.parsed, kind)


def name_of(text: str) -> x509.Name | None:
    """A distinguished name in the form of RFC 4514; None for what is none."""
    try:
        return x509.Name.from_rfc4514_string(text, _ATTRIBUTES)
    except ValueError:
        return None


def _alternatives(parsed: x509.Certificate, kind: str) -> set[str]:
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return set()
    return {_canonical(kind, str(name.value)) for name in names if isinstance(name, _KINDS[kind])}


def _canonical(kind: str, value: str) -> str:
    if kind == "san_dns":
        return value.lower()
    if kind == "san_email":
        local, _, host = value.rpartition("@")
        return f"{local}@{host.lower()}"
    if kind == "san_ip":
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            return f"no address: {value}"
    return value
