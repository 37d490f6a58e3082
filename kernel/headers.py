"""The security headers of pages, and the one place where a page may loosen them: extra targets of its forms, frames,
and a picture.
"""

import re
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    # Other sites learn nothing; our own forms still name their origin, which the check of forms reads.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{images}; connect-src 'self'; "
    "form-action {forms};{frames} base-uri 'none'; frame-ancestors 'none'"
)
_TARGET = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+|[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:")


def allow_form_target(url: str) -> None:
    """Let a form of this page end at ``url``'s origin: Chromium applies form-action to the answer's redirect too.

    Only for a URL that has been validated already (a registered redirect URI).
    """
    _allow("csp_form_action", url)


def allow_forms_to_go_on() -> None:
    """Let whoever a form of this page is sent to redirect to any site: Chromium applies form-action to that too, and a
    portal may have several hosts. Only for a page that has one form, whose every byte is ours.
    """
    g.setdefault("csp_form_action", []).append("https:")


def allow_frame(url: str) -> None:
    """Let this page hold a frame of ``url``'s origin, a registered one: portals are told of a logout in it."""
    _allow("csp_frame_src", url)


def allow_image(url: str) -> None:
    """Let this page show a picture of ``url``'s origin, a registered one: the sign of the portal that asks."""
    _allow("csp_img_src", url)


def _allow(kind: str, url: str) -> None:
    parts = urlsplit(url)
    web = parts.scheme in {"http", "https"}
    # An app's own scheme is a reversed domain name (RFC 8252 §7.1).
    target = f"{parts.scheme}://{parts.netloc}" if web else f"{parts.scheme}:"
    if not _TARGET.fullmatch(target):
        raise ValueError("not a URL that a policy could name")
    targets = g.setdefault(kind, [])
    if target not in targets:
        targets.append(target)


def _dress(response: Response) -> Response:
    forms = " ".join(["'self'", *g.get("csp_form_action", [])])
    frames = f" frame-src {' '.join(g.csp_frame_src)};" if "csp_frame_src" in g else ""
    images = "".join(f" {origin}" for origin in g.get("csp_img_src", []))
    policy = _POLICY.format(forms=forms, frames=frames, images=images)
    response.headers.setdefault("Content-Security-Policy", policy)
    for name, value in _FIXED.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
    if request.endpoint != "static":
        # Every page may hold what belongs to one person; shared computers keep what caches keep.
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def install(app: Flask) -> None:
    app.after_request(_dress)
