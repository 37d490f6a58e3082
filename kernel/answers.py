"""What goes back through the machine door, and the two forms of a refusal there: RFC 9457 and RFC 6749."""

import functools
import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from kernel.errors import AppError, Invalid

Headers = tuple[tuple[str, str], ...]

_NO_STORE: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps makes one each time
_NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Headers = ()


def json_answer(obj: object, status: int = 200, headers: Headers = (), *, cache: str | None = None) -> Answer:
    """JSON, by default never stored by a cache; ``cache`` replaces the Cache-Control value for public documents."""
    body = _encode(obj).encode()
    caching = _NO_STORE if cache is None else (("Cache-Control", cache),)
    return Answer(status, body, (("Content-Type", "application/json"), *caching, _NOSNIFF, *headers))


def problem(code: str, status: int, detail: str, *, headers: Headers = (), **members: object) -> Answer:
    """A problem document (RFC 9457). ``code`` is the stable name of the fault, ``members`` extend it."""
    document = {
        "type": f"urn:kapok:problem:{code}",
        "title": reason(status),
        "status": status,
        "detail": detail,
        "code": code,
    }
    body = json.dumps(document | members, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    return Answer(status, body, (("Content-Type", "application/problem+json"), *_NO_STORE, _NOSNIFF, *headers))


def problem_of(error: AppError, request_id: str) -> Answer:
    """An expected refusal as a problem document; its log detail stays out."""
    members: dict[str, object] = {"request_id": request_id}
    if isinstance(error, Invalid) and error.fields:
        members["fields"] = {name: str(text) for name, text in error.fields.items()}
    return problem(error.code, error.status, str(error.message), headers=error.headers, **members)


OAUTH_CODES: Final = {
    401: "invalid_client",
    403: "access_denied",
    429: "temporarily_unavailable",
    503: "temporarily_unavailable",
}
"""By status; others are ``invalid_request``, or ``server_error`` from 500 on."""


_OAUTH_REMEDIES: Final = {
    "unsupported_media_type": "send the parameters as application/x-www-form-urlencoded",
    "unsupported_charset": "send the parameters in UTF-8",
    "unsupported_encoding": "send the body without compression",
    "malformed_request": "the parameters must be UTF-8 without null characters, percent-encoded as a form",
    "repeated_parameter": "each parameter may come once",
    "incomplete_body": "Content-Length says more than came",
    "too_large": "the request is larger than anything this endpoint needs",
    "store_unavailable": "a part of the service does not answer; try again in a moment",
}

_BY_STATUS: Final = {429: "this was asked too often; wait as many seconds as Retry-After says"}


def oauth_of(error: AppError, request_id: str) -> Answer:
    """An expected refusal in the form of RFC 6749 §5.2; error_description is ASCII there: the code and the remedy."""
    fallback = "invalid_request" if error.status < 500 else "server_error"
    remedy = _OAUTH_REMEDIES.get(error.code) or _BY_STATUS.get(error.status)
    described = f"{error.code}: {remedy}" if remedy else error.code
    if isinstance(error, Invalid) and error.fields:
        described = f"{described}: {', '.join(error.fields)}"
    document = {
        "error": OAUTH_CODES.get(error.status, fallback),
        "error_description": ascii_description(described),
        "request_id": request_id,
    }
    # RFC 6749 §5.2 knows 400 and 401; a media type that is not a form's is no other fault than a missing parameter.
    return json_answer(document, 400 if error.status == 415 else error.status, error.headers)


def ascii_description(text: str) -> str:
    """``text`` in the characters that an error_description may have (RFC 6749 §5.2)."""
    text = text.replace("§", "section ").replace('"', "'")
    return re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "?", text)


def explained(answer: Answer, reference: str) -> Answer:
    """An OAuth error with ``error_uri``, where ``reference`` tells developers about its code (RFC 6749 §5.2)."""
    if answer.status < 400 or not answer.body.startswith(b"{"):
        return answer
    document = json.loads(answer.body)
    code = document.get("error")
    if not isinstance(code, str) or "error_uri" in document:
        return answer
    body = json.dumps(document | {"error_uri": reference + code}, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(answer.status, body, answer.headers)


@functools.cache
def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
