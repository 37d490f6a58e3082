"""Which URIs may be registered. ``/authorize`` compares redirect URIs byte by byte, so all care is taken here."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from kernel import settings
from kernel.settings import KernelSettings

MOST_CHARACTERS: Final = 1024
# RFC 3986 §2, without what browsers repair: backslash, space, controls.
_URI: Final = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%\[\]]+\Z")
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_PRIVATE_USE: Final = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+\Z")
_ENCODED_BOUNDARY: Final = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:2[eEfF]|5[cC]|0[0-9a-fA-F])|%7[fF]")


def fault(uri: str, *, native: bool) -> str | None:
    """Why people cannot be sent back to this URI, in one English clause; None if they can."""
    return next(_faults(uri, native=native, private_use=native), None)


def web_fault(uri: str, *, native: bool = False) -> str | None:
    """Why this URI cannot be one that a browser or we call over the web; None if it can."""
    return next(_faults(uri, native=native, private_use=False), None)


def origin(uri: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of a URI without faults (RFC 6454 §4)."""
    parts = urlsplit(uri)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _faults(uri: str, *, native: bool, private_use: bool) -> Iterator[str]:
    if not 0 < len(uri) <= MOST_CHARACTERS:
        yield f"must have 1 to {MOST_CHARACTERS} characters"
    if "#" in uri:
        yield "must not have a fragment (RFC 6749 §3.1.2)"
    if not _URI.match(uri):
        yield "has a character that is not allowed in a URI (RFC 3986 §2)"
    if "*" in uri:
        yield "must not have a wildcard; every address is registered on its own (RFC 9700 §4.1)"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        yield "is not a URI (RFC 3986 §3)"
        return
    if re.search(r"[\[\]]", f"{parts.path}{parts.query}"):
        # Browsers and libraries write these in two ways; a Location would not be what was registered.
        yield "has a bracket, which belongs around an IPv6 address alone: write %5B and %5D (RFC 3986 §3.2.2)"
    if parts.scheme in {"http", "https"}:
        yield from _web_faults(uri, parts, native=native)
    # RFC 8252 §7.1: a scheme of the app's own, a domain name in reverse.
    elif not private_use:
        yield "must use https (RFC 9700 §2.6)"
    elif not (_PRIVATE_USE.match(parts.scheme) and uri.startswith(f"{parts.scheme}:/")):
        yield "must use https, or a scheme of the application's own with a dot (RFC 8252 §7.1)"


def _web_faults(uri: str, parts: SplitResult, *, native: bool) -> Iterator[str]:
    host = parts.hostname or ""
    if not uri.startswith(f"{parts.scheme}://{parts.netloc}"):
        yield "needs // and a host after a scheme in lower case"
    if "@" in parts.netloc:
        yield "must not have a user name"
    if host not in parts.netloc or not (_is_host(host) or _is_address(host)):
        yield "needs a host name in lower case (an internationalised one in its xn-- form)"
    if parts.port == 0 or parts.netloc.endswith(":"):
        yield "has a port that is not one"
    if any(segment in {".", ".."} for segment in parts.path.split("/")) or _ENCODED_BOUNDARY.search(parts.path):
        yield "must not have dot segments or encoded separators in its path"
    if parts.scheme == "http" and not (is_loopback(host) and (native or settings.of(KernelSettings).demo)):
        yield "must use https (RFC 9700 §2.6); http is for native applications on their own machine (RFC 8252 §7.3)"


def _is_host(host: str) -> bool:
    # A browser reads a name that ends in a number as an IPv4 address, however it is written (WHATWG URL §3.5).
    return _HOST.match(host) is not None and not re.search(r"(^|\.)(0x[0-9a-f]*|[0-9]+)\Z", host)


def _is_address(host: str) -> bool:
    try:
        return str(ip_address(host)) == host
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """``localhost`` and the loopback addresses (RFC 8252 §7.3, §8.3)."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)
