"""The one callable behind the port: machine endpoints are answered here, everything else goes on to Flask.

Every request of either door passes through it and gets its request id, its client address (by trusted hops) and its
log line here. The Host header ends here: what lies behind sees PUBLIC_URL only: no link can be built from a
forged one.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from secrets import token_hex
from typing import Any, Final
from urllib.parse import urlsplit

from kernel import context, log
from kernel.answers import Answer, Headers, explained, json_answer, oauth_of, problem, problem_of, reason
from kernel.errors import AppError, Invalid
from kernel.machine import Endpoint, Request

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_MAX_URL: Final = 8 * 1024
_MAX_COOKIES: Final = 16 * 1024
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_PLACE: Final = re.compile(r"<(path:)?(\w+)>")
_METHOD: Final = re.compile(r"[A-Z]{1,16}\Z")
_CORS: Final = (("Access-Control-Allow-Origin", "*"),)
_CORS_CALL: Final = (*_CORS, ("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce, Retry-After"))
_CORS_MAY: Final = (
    ("Access-Control-Allow-Headers", "Authorization, DPoP, Content-Type, Accept, Accept-Language"),
    ("Access-Control-Max-Age", "7200"),
)

_logger = log.get("kernel.door")


def client_address(environ: dict[str, Any], trusted_hops: int) -> str:
    """The address seen by the outermost trusted proxy: the n-th from the right of X-Forwarded-For, else the peer's."""
    if trusted_hops > 0:
        chain = [part.strip() for part in str(environ.get("HTTP_X_FORWARDED_FOR") or "").split(",")]
        if len(chain) >= trusted_hops and re.fullmatch(r"[0-9A-Fa-f.:]{2,45}", chain[-trusted_hops]):
            return chain[-trusted_hops]
    return str(environ.get("REMOTE_ADDR") or "")


class Door:
    """The WSGI callable. ``fallback`` is Flask's; two endpoints of one path stop the start.

    ``error_reference`` and a code are the address of the page on that code, for OAuth errors.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        fallback: Wsgi,
        *,
        public_url: str = "http://localhost",
        trusted_hops: int = 0,
        error_reference: str | None = None,
    ) -> None:
        public = urlsplit(public_url)
        self._error_reference = error_reference
        self._fallback = fallback
        self._base_url = f"{public.scheme}://{public.netloc}"
        self._scheme, self._netloc = public.scheme, public.netloc
        self._host, self._port = (
            public.hostname or "localhost",
            str(public.port or (443 if public.scheme == "https" else 80)),
        )
        self._hops = trusted_hops
        self._fixed: dict[str, Endpoint] = {}
        self._patterns: list[tuple[re.Pattern[str], Endpoint]] = []
        for endpoint in endpoints:
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        if endpoint.path in self._fixed or any(known.path == endpoint.path for _, known in self._patterns):
            raise ValueError(f"two endpoints at {endpoint.path}")
        if "<" not in endpoint.path:
            self._fixed[endpoint.path] = endpoint
            return
        expression, end = "", 0
        for place in _PLACE.finditer(endpoint.path):
            expression += re.escape(endpoint.path[end : place.start()])
            expression += f"(?P<{place.group(2)}>{'.+' if place.group(1) else '[^/]+'})"
            end = place.end()
        self._patterns.append((re.compile(expression + re.escape(endpoint.path[end:]) + r"\Z"), endpoint))

    def _find(self, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        endpoint = self._fixed.get(path)
        if endpoint is not None:
            return endpoint, {}
        for pattern, candidate in self._patterns:
            if match := pattern.match(path):
                return candidate, match.groupdict()
        return None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        found = self._find(environ.get("PATH_INFO") or "/")
        if found is not None and found[0].public:
            request = Request(environ, params=found[1], base_url=self._base_url, max_body=0)
            return self._send(self._answer(found[0], request), request, start_response)
        return self._watched(environ, start_response, found)

    def _watched(
        self,
        environ: dict[str, Any],
        start_response: StartResponse,
        found: tuple[Endpoint, dict[str, str]] | None,
    ) -> Iterable[bytes]:
        """Everything but public documents: with a request id, an actor and a line in the log."""
        began = time.perf_counter()
        request_id = self._request_id(environ)
        address = client_address(environ, self._hops)
        noted = _Noted(start_response, request_id)
        bound = context.bind(request_id=request_id, address=address, account_id=None, client_id=None)
        route = found[0].path if found else ""
        try:
            refusal = _refusal(environ)
            if found is not None:
                endpoint, params = found
                request = Request(
                    environ,
                    params=params,
                    address=address,
                    request_id=request_id,
                    base_url=self._base_url,
                    max_body=endpoint.max_body,
                )
                answer = _written(refusal, endpoint, request) if refusal else self._answer(endpoint, request)
                if endpoint.errors == "oauth" and self._error_reference is not None:
                    answer = explained(answer, self._error_reference)
                if endpoint.cors and "HTTP_ORIGIN" in environ:
                    answer = Answer(answer.status, answer.body, answer.headers + _CORS_CALL)
                return self._send(answer, request, noted)
            if refusal is not None:
                # Flask writes the page; it need not parse what is refused.
                environ.update({"QUERY_STRING": "", "PATH_INFO": "/", "kapok.refused": refusal})
                if refusal.status == 431:  # others keep theirs: a link that is refused signs nobody out
                    environ["HTTP_COOKIE"] = ""
            self._dress(environ, request_id, address)
            pages = self._fallback(environ, noted)
            route = str(environ.get("kapok.route") or "-")
            return pages
        finally:
            bound.undo()
            log.access_line(
                method=environ["REQUEST_METHOD"] if _METHOD.match(environ["REQUEST_METHOD"]) else "?",
                route=route,
                status=noted.status,
                milliseconds=(time.perf_counter() - began) * 1000,
                size=noted.size,
                request_id=request_id,
            )

    def _request_id(self, environ: dict[str, Any]) -> str:
        offered = environ.get("HTTP_X_REQUEST_ID") if self._hops > 0 else None
        return offered if offered and _REQUEST_ID.match(offered) else token_hex(8)

    def _dress(self, environ: dict[str, Any], request_id: str, address: str) -> None:
        """Show Flask the public address and the real client, whatever the proxy or a forger wrote."""
        environ["HTTP_HOST"] = self._netloc
        environ["SERVER_NAME"] = self._host
        environ["SERVER_PORT"] = self._port
        environ["wsgi.url_scheme"] = self._scheme
        environ["REMOTE_ADDR"] = address
        environ["kapok.request_id"] = request_id

    def _answer(self, endpoint: Endpoint, request: Request) -> Answer:
        method = "GET" if request.method == "HEAD" and "HEAD" not in endpoint.methods else request.method
        try:
            if method in endpoint.methods:
                return endpoint.handle(request)
            return self._other_method(endpoint, request)
        except AppError as error:
            _logger.info("refused", route=endpoint.path, error=error.code, status=error.status, detail=error.detail)
            return _written(error, endpoint, request)
        except Exception:
            request_id = request.request_id = request.request_id or token_hex(8)
            _logger.exception("unexpected error", route=endpoint.path, request_id=request_id)
            if endpoint.errors == "oauth":
                return json_answer({"error": "server_error", "request_id": request_id}, 500)
            return problem("internal_error", 500, "unexpected error", request_id=request_id)

    def _other_method(self, endpoint: Endpoint, request: Request) -> Answer:
        allowed = [*endpoint.methods, *(["HEAD"] if "GET" in endpoint.methods else []), "OPTIONS"]
        allow: Headers = (("Allow", ", ".join(dict.fromkeys(allowed))),)
        if request.method == "OPTIONS":
            preflight: Headers = ()
            if endpoint.public:
                preflight = (("Access-Control-Allow-Methods", "GET, HEAD"), ("Access-Control-Max-Age", "86400"))
            elif endpoint.cors:
                preflight = (("Access-Control-Allow-Methods", allow[0][1]), *_CORS_MAY)
            return Answer(204, b"", allow + preflight)
        if endpoint.errors == "oauth":
            return json_answer(
                {"error": "invalid_request", "error_description": f"method not allowed: use {endpoint.methods[0]}"},
                405,
                allow,
            )
        return problem("method_not_allowed", 405, f"use {allow[0][1]}", headers=allow)

    def _send(self, answer: Answer, request: Request, start_response: StartResponse) -> list[bytes]:
        headers = list(answer.headers)
        if answer.status not in {204, 304}:
            headers.append(("Content-Length", str(len(answer.body))))
        if not request.request_id:
            headers.extend(_CORS)
        start_response(f"{answer.status} {reason(answer.status)}", headers)
        return [] if request.method == "HEAD" else [answer.body]


def _written(error: AppError, endpoint: Endpoint, request: Request) -> Answer:
    return oauth_of(error, request.request_id) if endpoint.errors == "oauth" else problem_of(error, request.request_id)


def _refusal(environ: dict[str, Any]) -> AppError | None:
    """What no door looks at."""
    path, query = environ.get("PATH_INFO") or "", environ.get("QUERY_STRING") or ""
    if len(path) + len(query) > _MAX_URL:
        return Invalid(code="url_too_long", status=414)
    if len(environ.get("HTTP_COOKIE") or "") > _MAX_COOKIES:
        return Invalid(code="cookies_too_large", status=431)
    if "\0" in path or "%00" in query:
        return Invalid(code="malformed_request", detail="null character in the address")
    return None


class _Noted:
    """start_response that adds the request id and remembers the status and size for the log."""

    __slots__ = ("_request_id", "_start", "size", "status")

    def __init__(self, start: StartResponse, request_id: str) -> None:
        self._start = start
        self._request_id = request_id
        self.status = 0
        self.size = 0

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status = int(status[:3])
        self.size = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        headers = [*headers, ("X-Request-Id", self._request_id)]
        return self._start(status, headers, exc_info) if exc_info else self._start(status, headers)
