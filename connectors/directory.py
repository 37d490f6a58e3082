"""One connection to an LDAP directory, on ldap3: judged address, verified name, deadlines, no referrals.

Imports ldap3, so it is imported only when a directory is asked.
"""

import math
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import ldap3
from ldap3.core import exceptions

from connectors.breaker import Deadline
from connectors.errors import BadAnswer, NotEntitled, UpstreamUnavailable
from kernel import egress, settings
from kernel.errors import AppError

# Result codes, RFC 4511 Appendix A.
SUCCESS: Final = 0
SIZE_LIMIT_EXCEEDED: Final = 4
NO_SUCH_OBJECT: Final = 32
INVALID_DN_SYNTAX: Final = 34
INAPPROPRIATE_AUTHENTICATION: Final = 48  # the entry has no password
INVALID_CREDENTIALS: Final = 49
WRONG: Final = frozenset({NO_SUCH_OBJECT, INVALID_DN_SYNTAX, INAPPROPRIATE_AUTHENTICATION, INVALID_CREDENTIALS})
ACCOUNT_REFUSED: Final = frozenset({19, 50, 53})  # constraintViolation, insufficientAccessRights, unwillingToPerform
BUSY: Final = frozenset({3, 51, 52})  # timeLimitExceeded, busy, unavailable

MOST_BYTES: Final = 1 << 20  # of all answers to one login; an entry with a photograph has a tenth of it
DEFAULT_PORTS: Final = {"ldap": 389, "ldaps": 636}
NETWORK_FAULTS: Final = (
    OSError,
    exceptions.LDAPCommunicationError,
    exceptions.LDAPStartTLSError,
    exceptions.LDAPSSLConfigurationError,
)


class VerifiedTls(ldap3.Tls):  # type: ignore[misc]  # ldap3 has no types
    """TLS as the standard library checks it (RFC 9525), for the name that was configured.

    ldap3's own check would also accept a certificate for the pinned address.
    """

    def __init__(self, name: str, ca_file: str | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._name = name
        self._context = _context(ca_file)

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # ldap3's seam
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._name)


@cache
def _context(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class LimitedSocket:
    """ldap3's socket with an end: of time, however slowly bytes drip in, and of bytes, however many are announced."""

    def __init__(self, inner: Any, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline
        self._left = MOST_BYTES

    def recv(self, size: int) -> bytes:
        self._inner.settimeout(self._deadline.remaining())
        data: bytes = self._inner.recv(size)
        self._left -= len(data)
        if self._left < 0:
            raise OSError(f"more than {MOST_BYTES} bytes")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Directory:
    """An open connection. ``city`` names it in errors."""

    def __init__(self, city: str, connection: Any, deadline: Deadline, *, start_tls: bool) -> None:
        self._city = city
        self._connection = connection
        self._deadline = deadline
        self._start_tls = start_tls

    def bind(self, dn: str, password: str) -> bool:
        """Whether the directory accepts this password for this entry.

        :raises NotEntitled: it knows the account and refuses it (locked, expired, not allowed).
        """
        if not dn or not password:  # either would be an anonymous bind, which succeeds
            raise BadAnswer(self._city, "a bind without a name or a password")
        # ldap3 opens a closed connection again by itself, and then without StartTLS.
        if self._connection.closed or (self._start_tls and not self._connection.tls_started):
            raise UpstreamUnavailable(self._city, "the directory closed the connection")
        with _named(self._city):
            # Not `rebind`: it turns a lost connection into a bind that failed.
            self._connection.user, self._connection.password = dn, password.encode()
            self._connection.authentication = ldap3.SIMPLE
            self._connection.bind(read_server_info=False)
        code = self._result()
        if code in ACCOUNT_REFUSED:
            raise NotEntitled(self._city, f"bind: result {code}")
        if code not in WRONG | {SUCCESS}:
            raise BadAnswer(self._city, f"bind: result {code}")
        return code == SUCCESS

    def search(
        self, base: str, wanted: str, attributes: list[str], *, subtree: bool = True
    ) -> list[tuple[str, Mapping[str, list[bytes]]]]:
        """At most two entries (a second one is a fault already) as (DN, values by lower-case name)."""
        with _named(self._city):
            self._connection.search(
                base,
                wanted,
                search_scope=ldap3.SUBTREE if subtree else ldap3.BASE,
                attributes=attributes or [ldap3.NO_ATTRIBUTES],
                size_limit=2,
                time_limit=math.ceil(self._deadline.remaining()),
            )
        code = self._result()
        if code not in (SUCCESS, SIZE_LIMIT_EXCEEDED):
            raise BadAnswer(self._city, f"search: result {code}")
        return [
            (str(entry["dn"]), {str(k).lower(): list(v) for k, v in entry["raw_attributes"].items()})
            for entry in self._connection.response
            if entry["type"] == "searchResEntry"  # the others are referrals
        ]

    def _result(self) -> int:
        code = int(self._connection.result["result"])
        if code in BUSY:
            raise UpstreamUnavailable(self._city, f"result {code}")
        return code


@contextmanager
def connect(
    city: str, url: str, *, start_tls: bool, ca_file: str | None, internal: bool, deadline: Deadline
) -> Iterator[Directory]:
    """A connection to the directory at ``url`` (scheme, host, port), not yet bound."""
    with _named(city):
        connection = _open(url, start_tls=start_tls, ca_file=ca_file, internal=internal, deadline=deadline)
    try:
        yield Directory(city, connection, deadline, start_tls=start_tls)
    finally:
        with suppress(Exception):  # it is over either way
            connection.unbind()


def _open(url: str, *, start_tls: bool, ca_file: str | None, internal: bool, deadline: Deadline) -> Any:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    encrypted = parts.scheme == "ldaps" or start_tls
    tls = VerifiedTls(host, ca_file) if encrypted else None
    fault: Exception = OSError("no address")
    allowed = settings.of(settings.KernelSettings).egress_allowed_networks if internal else ()
    for address in egress.resolve_allowed(
        host, port, allowed=allowed, encrypted=encrypted, timeout=deadline.remaining()
    ):
        seconds = deadline.remaining()
        server = ldap3.Server(
            str(address),
            port=port,
            use_ssl=parts.scheme == "ldaps",
            tls=tls,
            get_info=ldap3.NONE,
            connect_timeout=seconds,
            allowed_referral_hosts=[],
        )
        connection = ldap3.Connection(
            server,
            receive_timeout=math.ceil(seconds),
            auto_referrals=False,
            check_names=False,
            return_empty_attributes=False,
        )
        try:
            connection.open(read_server_info=False)
            if start_tls and not connection.start_tls(read_server_info=False):
                raise OSError("StartTLS was refused")
        except NETWORK_FAULTS as error:
            fault = error
            continue
        connection.socket = LimitedSocket(connection.socket, deadline)
        return connection
    raise fault


@contextmanager
def _named(city: str) -> Iterator[None]:
    """Faults of the network and of the directory's answers, as this city's."""
    try:
        yield
    except AppError as error:  # kernel.egress: no such name, or an address that may not be reached
        raise UpstreamUnavailable(city, error.detail) from None
    except NETWORK_FAULTS as error:
        raise UpstreamUnavailable(city, f"{type(error).__name__}: {error}") from None
    except Exception as error:  # noqa: BLE001  # ldap3's decoder meets garbage with whatever it stumbles over
        raise BadAnswer(city, f"{type(error).__name__}: {error}") from None
