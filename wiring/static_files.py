"""Style sheet, script and pictures: read once, packed once, and kept by browsers for a year.

The folder's digest is part of every address (``/static/<digest>/ui.css``), so a new release is a new address, and
files that name one another relatively (``url(lattice.svg)``) follow by themselves. During a roll-out a page of the
other release may ask for its own digest: it gets what there is, and a browser may not keep that.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from kernel.errors import NotFound
from kernel.machine import Answer, Endpoint, Request

_FOREVER = ("Cache-Control", "public, max-age=31536000, immutable")
_NOT_KEPT = ("Cache-Control", "no-cache")
_PACKED_FROM = 512  # bytes; below, the header costs more than it saves


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    plain: bytes
    packed: bytes | None
    headers: tuple[tuple[str, str], ...]


class StaticFiles:
    """The files of a folder, in memory. ``url_path`` is the address they are under."""

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256()
        self._files: dict[str, _File] = {}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name, content = path.relative_to(folder).as_posix(), path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
            self._files[name] = _file(name, content)
        self._version = digest.hexdigest()[:12]

    @property
    def url_path(self) -> str:
        return f"/static/{self._version}"

    def endpoint(self) -> Endpoint:
        return Endpoint(path="/static/<version>/<path:name>", handle=self._serve, public=True)

    def _serve(self, request: Request) -> Answer:
        file = self._files.get(request.params["name"])
        if file is None:
            raise NotFound(message="no such file")
        caching = _FOREVER if request.params["version"] == self._version else _NOT_KEPT
        if file.packed is not None and "gzip" in request.environ.get("HTTP_ACCEPT_ENCODING", ""):
            return Answer(200, file.packed, (*file.headers, caching, ("Content-Encoding", "gzip")))
        return Answer(200, file.plain, (*file.headers, caching))


def _file(name: str, content: bytes) -> _File:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in {"image/svg+xml", "application/json"}
    if text:
        kind += "; charset=utf-8"
    headers = (
        ("Content-Type", kind),
        ("X-Content-Type-Options", "nosniff"),
        ("Vary", "Accept-Encoding"),
        # A picture opened by itself is a document: an SVG must not run anything in our name.
        ("Content-Security-Policy", "default-src 'none'; sandbox"),
    )
    packed = gzip.compress(content, 9, mtime=0) if text and len(content) >= _PACKED_FROM else None
    return _File(plain=content, packed=packed, headers=headers)
