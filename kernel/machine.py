"""The machine door's own request, answer and endpoint: a few slots over the environ, parsed when asked for.

Flask and Werkzeug cost about 180 µs a request; a token costs 90. So machines are served by ``kernel.door`` with these
types and people by Flask, behind the same port.
"""

import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal, cast
from urllib.parse import parse_qs, parse_qsl

from kernel.answers import Answer, json_answer, problem
from kernel.errors import Invalid, TooLargeBody
from kernel.parsing import parse_json, refuse_nul, refusing

__all__ = ["Answer", "Endpoint", "HeaderView", "Request", "json_answer", "parse_json", "problem"]

_CHUNK: Final = 64 * 1024
_TAKEN_IN: Final = 64 << 20  # of a body that is refused for its size
_MAX_FIELDS: Final = 200


@functools.lru_cache(maxsize=256)
def _key(name: str) -> str:
    """Where WSGI puts the header field (PEP 3333)."""
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


class HeaderView(Mapping[str, str]):
    """The request's header fields by name, in any case."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value = self._environ.get(_key(name))
        if not isinstance(value, str):
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """As every Mapping's, without the detour through an exception."""
        found = self._environ.get(_key(name))
        return found if isinstance(found, str) else default

    def __iter__(self) -> Iterator[str]:
        for key in self._environ:
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").title()
            elif key in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                yield key.replace("_", "-").title()

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Request:
    """One request at the machine door.

    ``params`` are the path's parts (``/feeds/v1/<family>`` gives ``family``), ``address`` is the client's address
    behind the trusted proxies, ``base_url`` is PUBLIC_URL: the Host header is never consulted.
    """

    __slots__ = (
        "_body",
        "_query",
        "address",
        "base_url",
        "environ",
        "max_body",
        "method",
        "params",
        "path",
        "request_id",
    )

    def __init__(
        self,
        environ: dict[str, Any],
        *,
        params: dict[str, str] | None = None,
        address: str = "",
        request_id: str = "",
        base_url: str = "",
        max_body: int = 65536,
    ) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "/")
        self.params: dict[str, str] = params or {}
        self.address = address
        self.request_id = request_id
        self.base_url = base_url
        self.max_body = max_body
        self._body: bytes | None = None
        self._query: dict[str, list[str]] | None = None

    @property
    def headers(self) -> HeaderView:
        return HeaderView(self.environ)

    @property
    def url(self) -> str:
        """The address as the world knows it, query included."""
        query = self.environ.get("QUERY_STRING", "")
        return f"{self.base_url}{self.path}?{query}" if query else f"{self.base_url}{self.path}"

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters; raises ``Invalid`` for what is not UTF-8 or holds a null character."""
        if self._query is None:
            raw = self.environ.get("QUERY_STRING", "")
            with refusing("query is not readable"):
                self._query = parse_qs(raw, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
            refuse_nul(value for values in self._query.values() for value in values)
        return self._query

    @property
    def media_type(self) -> str:
        """Content-Type without its parameters, in lower case; empty when there is none."""
        return str(self.environ.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type in lower case, None when it is not given."""
        found = re.search(
            r";\s*charset\s*=\s*\"?([\w.:+-]+)", str(self.environ.get("CONTENT_TYPE") or ""), re.IGNORECASE
        )
        return found.group(1).lower() if found else None

    def stream(self, cap: int | None = None) -> Iterator[bytes]:
        """The body in pieces of at most 64 KiB, of a sender that names its length or one that sends chunks.

        Raises ``TooLargeBody`` when Content-Length tells so, or once more than ``cap`` bytes came. A little too much is
        taken in and thrown away first: a sender that is still writing would see a broken pipe instead of the answer.
        """
        limit = self.max_body if cap is None else cap
        if str(self.environ.get("HTTP_CONTENT_ENCODING") or "identity").lower() != "identity":
            raise Invalid(code="unsupported_encoding", status=415, detail="request body is compressed")
        declared = self._declared_length()
        source = cast("BinaryIO", self.environ["wsgi.input"])
        if declared is not None and declared > limit:
            if declared <= _TAKEN_IN:
                while source.read(_CHUNK):
                    pass
            raise TooLargeBody(detail=f"{declared} > {limit}")
        left = declared if declared is not None else (limit + 1 if self.environ.get("wsgi.input_terminated") else 0)
        total = 0
        while left > 0 and (piece := source.read(min(_CHUNK, left))):
            left -= len(piece)
            total += len(piece)
            if total > limit:
                raise TooLargeBody(detail=f"more than {limit}")
            yield piece
        if declared is not None and total < declared:
            raise Invalid(code="incomplete_body", detail=f"{total} of {declared} bytes came")

    def _declared_length(self) -> int | None:
        if str(self.environ.get("HTTP_TRANSFER_ENCODING") or "").lower() == "chunked":
            return None
        text = str(self.environ.get("CONTENT_LENGTH") or "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit()):
            raise Invalid(code="bad_content_length")
        return int(text)

    def body(self, cap: int | None = None) -> bytes:
        """The whole body, read once and kept; ``TooLargeBody`` above ``cap`` or ``max_body``."""
        if self._body is None:
            self._body = b"".join(self.stream(cap))
        return self._body

    def form(self, *, joined: Collection[str] = ()) -> dict[str, str]:
        """The form's parameters; those without a value count as omitted, a repeated one is refused (RFC 6749 §3.2).

        Except those in ``joined``, whose values come with spaces between (RFC 8707 §2, RFC 8693 §2.1).
        """
        if self.media_type != "application/x-www-form-urlencoded":
            raise Invalid(code="unsupported_media_type", status=415, detail=self.media_type)
        if (self.charset or "utf-8") not in {"utf-8", "utf8"}:
            raise Invalid(code="unsupported_charset", status=415, detail=self.charset or "")
        with refusing("form is not readable"):
            pairs = parse_qsl(
                self.body().decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MAX_FIELDS,
            )
        fields: dict[str, str] = {}
        for name, value in pairs:
            if name not in fields:
                fields[name] = value
            elif name in joined:
                fields[name] = f"{fields[name]} {value}".strip()
            else:
                raise Invalid({name: "repeated"}, code="repeated_parameter")
        refuse_nul(fields.values())
        return {name: value for name, value in fields.items() if value}

    def json(self) -> Any:
        """The JSON body. Refused: other media types, other charsets, NaN, text no database can store."""
        if self.media_type != "application/json" and not self.media_type.endswith("+json"):
            raise Invalid(code="unsupported_media_type", status=415, detail=self.media_type)
        return parse_json(self.body())


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address of the machine door.

    ``path`` is fixed ("/token") or holds names ("/feeds/v1/<family>"; ``<path:rest>`` takes slashes too). HEAD
    follows GET and OPTIONS is answered by the door. ``errors`` chooses the form of refusals. ``public`` marks
    documents that are the same for everybody (discovery, JWKS, static files): any origin may read them (CORS), and
    they leave no line in the log. ``cors``: applications in browsers may call it from any origin, with what they send
    themselves; cookies mean nothing at this door.
    """

    path: str
    methods: tuple[str, ...] = ("GET",)
    handle: Callable[[Request], Answer]
    max_body: int = 65536
    errors: Literal["oauth", "problem"] = "problem"
    public: bool = False
    cors: bool = False
