"""One request, as it goes to a WSGI application in this process or over a socket to a server."""

import base64
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

HOST = "127.0.0.1:8000"
FORM = "application/x-www-form-urlencoded"
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def raw(self) -> bytes:
        """HTTP/1.1 on a connection that stays open."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}", "User-Agent: bench", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def environ(self) -> dict[str, Any]:
        """As a server hands it over (PEP 3333)."""
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": HOST,
            "HTTP_USER_AGENT": "bench",
            "HTTP_ACCEPT": "*/*",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if self.body:
            environ["CONTENT_LENGTH"] = str(len(self.body))
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return environ


def get(path: str, **headers: str) -> Sent:
    return Sent(method="GET", path=path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def post(path: str, form: Mapping[str, str], **headers: str) -> Sent:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent(method="POST", path=path, headers={"Content-Type": FORM, **named}, body=urlencode(form).encode())


@dataclass(slots=True)
class Got:
    """The answer of a WSGI application."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def call(app: Wsgi, environ: dict[str, Any]) -> Got:
    got = Got()

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        got.status, got.headers = int(status[:3]), headers

    answer = app(environ, start_response)
    got.body = b"".join(answer)
    if close := getattr(answer, "close", None):
        close()
    return got
