"""The one way out: every outbound HTTP call has a deadline, a size cap and a judged address; redirects stay."""

import contextlib
import json as _json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlencode

from flask_babel import lazy_gettext as _

from kernel import log, settings
from kernel.egress import EgressRefused, Target, Unreachable, judge
from kernel.errors import AppError

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection  # noqa: TID251  this is where outbound calls go through

__all__ = ["Answer", "BadAnswer", "EgressRefused", "TooLarge", "Unreachable", "request"]

_PIECE: Final = 16 * 1024
_logger = log.get("kernel.http")


class TooLarge(AppError):
    """The answer is longer, unpacked, than the caller takes."""

    code = "upstream_too_large"
    status = 502
    message = _("对方系统返回的内容太大，无法处理。")


class BadAnswer(AppError):
    """The answer is not what its type says."""

    code = "upstream_bad_answer"
    status = 502
    message = _("对方系统返回的内容无法识别。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. ``headers`` have lower-case names; repeated fields are joined by ", "."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; ``BadAnswer`` when it is none."""
        try:
            return _json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadAnswer(detail="not JSON") from None


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: object = None,
    body: bytes | None = None,
    timeout: float = 5.0,
    max_bytes: int = 65536,
    internal: bool = False,
    ca_file: str | None = None,
) -> Answer:
    """One call, finished within ``timeout`` seconds in all: resolving, connecting, TLS, sending, the last byte.

    Only ``internal`` calls (to a target that an administrator registered as a source of ours) may reach
    EGRESS_ALLOWED_NETWORKS, and plain http only there; never pass it for an address that a client or a person gave. A
    redirect is an answer like any other. ``ca_file`` replaces the system's certificate authorities. Proxy variables
    of the environment are ignored. Raises ``EgressRefused``, ``Unreachable``, ``TooLarge``.
    """
    began = time.monotonic()
    allowed = settings.of(settings.KernelSettings).egress_allowed_networks if internal else ()
    target = judge(url, allowed=allowed, timeout=timeout)
    payload, fields = _payload(headers, form, json, body)
    fields["Host"] = target.authority
    try:
        answer = _exchange(
            method, target, payload, fields, deadline=began + timeout, max_bytes=max_bytes, ca_file=ca_file
        )
    except ValueError as error:  # http.client refuses line breaks in methods, paths and header fields
        raise EgressRefused(detail=f"not sendable: {type(error).__name__}") from None
    _logger.debug(
        "called",
        method=method,
        host=target.host,
        status=answer.status,
        ms=round((time.monotonic() - began) * 1000),
    )
    return answer


def _payload(
    headers: Mapping[str, str] | None, form: Mapping[str, str] | None, json: object, body: bytes | None
) -> tuple[bytes | None, dict[str, str]]:
    fields = {"User-Agent": "Kapok", "Accept-Encoding": "gzip, identity;q=0.5", "Connection": "close"}
    if form is not None:
        body, fields["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
    elif json is not None:
        body, fields["Content-Type"] = _json.dumps(json, ensure_ascii=False).encode(), "application/json"
    return body, fields | {name: value for name, value in (headers or {}).items() if name.lower() != "host"}


def _exchange(
    method: str,
    target: Target,
    payload: bytes | None,
    fields: dict[str, str],
    *,
    deadline: float,
    max_bytes: int,
    ca_file: str | None,
) -> Answer:
    # urllib3 costs 50 ms to import; a process that never calls out does not pay it.
    import urllib3.exceptions  # noqa: TID251

    sock = _connect(target, deadline)
    with _Watchdog(sock, deadline) as watchdog:
        connection = _connection(target, sock, deadline, ca_file)
        try:
            connection.request(method, target.path, body=payload, headers=fields, preload_content=False)
            response = connection.getresponse()
            content = _read(response, max_bytes)
            if watchdog.barked:
                raise Unreachable("upstream_timeout", detail=target.host)
            joined = {name.lower(): ", ".join(response.headers.getlist(name)) for name in response.headers}
            return Answer(status=response.status, headers=joined, body=content)
        except (OSError, EOFError, HTTPException, urllib3.exceptions.HTTPError) as error:
            reason = "upstream_timeout" if watchdog.barked or isinstance(error, TimeoutError) else None
            raise Unreachable(reason, detail=f"{target.host}: {type(error).__name__} {error}") from None
        finally:
            connection.close()


def _connect(target: Target, deadline: float) -> socket.socket:
    fault = "no address"
    for address in target.addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unreachable("upstream_timeout", detail=target.host)
        try:
            return socket.create_connection((str(address), target.port), timeout=left)
        except OSError as error:
            fault = f"{type(error).__name__} {error}"
    raise Unreachable(detail=f"{target.host}: {fault}")


def _connection(target: Target, sock: socket.socket, deadline: float, ca_file: str | None) -> "HTTPConnection":
    """A connection over the socket that is open already: nothing resolves the name a second time."""
    from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: TID251

    left = max(0.01, deadline - time.monotonic())
    if target.scheme == "http":
        plain = HTTPConnection(target.host, target.port, timeout=left)
        plain._new_conn = lambda: sock  # type: ignore[method-assign]  # noqa: SLF001  its documented seam for other transports
        return plain
    secure = HTTPSConnection(
        target.host, target.port, timeout=left, ssl_context=_tls(ca_file), server_hostname=target.host
    )
    secure._new_conn = lambda: sock  # type: ignore[method-assign]  # noqa: SLF001
    return secure


@cache
def _tls(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _read(response: Any, max_bytes: int) -> bytes:
    """The unpacked body, at most ``max_bytes``: the packed length says nothing about a gzip bomb."""
    pieces: list[bytes] = []
    total = 0
    while piece := response.read(_PIECE, decode_content=True):
        total += len(piece)
        if total > max_bytes:
            raise TooLarge(detail=f"more than {max_bytes} bytes")
        pieces.append(piece)
    return b"".join(pieces)


class _Watchdog:
    """Cuts the connection at the deadline: a socket's own timeout starts anew with every byte that drips in."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.barked = False
        self._line = sock.dup()  # TLS takes over the first descriptor; this one stays ours
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._bark)
        self._timer.daemon = True

    def _bark(self) -> None:
        self.barked = True
        with contextlib.suppress(OSError):  # closed by the other side in the same moment
            self._line.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._timer.cancel()
        self._line.close()
