"""Where outbound calls may go: the URL's form, then every address its host resolves to.

The known ways round such a check (keycloak CVE-2026-1180, CVE-2026-4366, ZITADEL GHSA-7wfc and their likes) are: an
address written as a number, userinfo, an IPv4 address inside an IPv6 one, a redirect, and a name that resolves
differently the second time. So names are resolved once, all addresses are judged, and the connection goes to a judged
address.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _

from kernel.errors import AppError, Unavailable

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_NUMERIC_END: Final = re.compile(r"(?:^|\.)(?:\d+|0[xX][0-9A-Fa-f]*)\.?$")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9.])?\Z")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_TUNNELS: Final = (
    ipaddress.IPv6Network("2002::/16"),  # 6to4, RFC 3056
    ipaddress.IPv6Network("2001::/32"),  # Teredo, RFC 4380
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # local NAT64, RFC 8215
    ipaddress.IPv6Network("::/96"),  # IPv4-compatible, RFC 4291 §2.5.5.1
    ipaddress.IPv6Network("fec0::/10"),  # site-local, RFC 3879
)


class EgressRefused(AppError):
    """The target is one that this call may not reach."""

    code = "egress_refused"
    status = 502
    message = _("系统不能访问对方登记的地址，请联系平台管理员。")


class Unreachable(Unavailable):
    """No answer: the name, the connection, TLS, or the time ran out."""

    code = "upstream_unreachable"
    message = _("对方系统暂时没有回应，请稍后再试。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL that has been judged. ``addresses`` are in the resolver's order."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[IpAddress, ...]

    @property
    def authority(self) -> str:
        """The Host field's value (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


def judge(url: str, *, allowed: Sequence[IpNetwork], timeout: float) -> Target:
    """The target of ``url`` with its addresses; ``allowed`` are the internal networks that this call may reach.

    Raises ``EgressRefused`` or, when the name does not resolve within ``timeout`` seconds, ``Unreachable``.
    """
    if re.search(r"[\x00-\x20\x7f\\]", url) or not url.isascii():
        raise EgressRefused(detail="the URL holds characters that do not belong into one")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EgressRefused(detail="not a URL") from None
    if parts.scheme not in {"http", "https"}:
        raise EgressRefused(detail=f"scheme {parts.scheme!r}")
    if "@" in parts.netloc:
        raise EgressRefused(detail="userinfo in the URL")
    host = parts.hostname or ""
    port = port if port is not None else {"http": 80, "https": 443}[parts.scheme]
    addresses = resolve_allowed(host, port, allowed=allowed, encrypted=parts.scheme == "https", timeout=timeout)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path, addresses=addresses)


def resolve_allowed(
    host: str, port: int, *, allowed: Sequence[IpNetwork], encrypted: bool, timeout: float
) -> tuple[IpAddress, ...]:
    """The addresses of ``host``, every one of them fit to be connected to; for protocols other than HTTP too.

    What is not ``encrypted`` stays inside the ``allowed`` networks. Raises as ``judge`` does.
    """
    addresses = _literal(host) or resolve(host, port, timeout)
    for address in addresses:
        if not permitted(address, allowed):
            raise EgressRefused(detail=f"{host} is at {address}")
        if not encrypted and not _inside(address, allowed):
            raise EgressRefused(detail=f"not encrypted, and {host} is not in an internal network")
    return addresses


def _literal(host: str) -> tuple[IpAddress, ...] | None:
    if "%" in host:
        raise EgressRefused(detail="zone id in the address")
    try:
        return (ipaddress.ip_address(host),)
    except ValueError:
        if not _HOST.match(host) or _NUMERIC_END.search(host):
            # 2130706433, 0x7f.1, 0177.0.0.1: forms that only serve to hide an address.
            raise EgressRefused(detail="not a host name") from None
        return None


def permitted(address: IpAddress, allowed: Sequence[IpNetwork]) -> bool:
    """Whether the address is public, or in one of the ``allowed`` networks."""
    return _inside(address, allowed) or _public(address)


def _inside(address: IpAddress, allowed: Sequence[IpNetwork]) -> bool:
    plain = _unwrapped(address)
    return any(plain.version == network.version and plain in network for network in allowed)


def _unwrapped(address: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv4-mapped or NAT64 one: that is where the packet goes."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _public(address: IpAddress) -> bool:
    plain = _unwrapped(address)
    if isinstance(plain, ipaddress.IPv6Address) and any(plain in network for network in _TUNNELS):
        return False
    return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)


@cache
def _resolvers() -> ThreadPoolExecutor:
    # getaddrinfo knows no deadline; a hung resolver may cost these threads, not the request's.
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


def resolve(host: str, port: int, timeout: float) -> tuple[IpAddress, ...]:
    """All addresses of the name, in the resolver's order."""
    future = _resolvers().submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        answers = future.result(timeout)
    except (OSError, UnicodeError, FutureTimeoutError) as error:
        raise Unreachable("name_unresolved", detail=f"{host}: {type(error).__name__}") from None
    found = dict.fromkeys(ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers)
    if not found:
        raise Unreachable("name_unresolved", detail=host)
    return tuple(found)
