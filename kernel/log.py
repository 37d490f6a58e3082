"""Structured logs: JSON lines in production, coloured lines in the demo; nothing in them names a person.

What is masked is what people's lives hang on: ID numbers, phones, e-mail addresses, tokens, codes, passwords. Masking
is the last step before the line is written, so it also covers exceptions and the lines of libraries.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal

import structlog

from kernel import clock, context

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode
_MASK: Final = "***"

# Keys whose values are never shown, whatever they look like.
_SECRET_KEY: Final = re.compile(
    r"pass(word|wd|phrase)|secret|token|authorization|cookie|assertion|verifier|^code$|_code_value$|otp|api_?key|private|"
    r"id_?number|^number$|phone|mobile|email|address_line",
    re.IGNORECASE,
)
_ALLOWED_KEYS: Final = frozenset({"token_endpoint", "token_type", "token_use", "address"})

# Order matters: the longer forms first.
_PATTERNS: Final = (
    # scheme://user:password@host of database, broker and mail URLs
    (re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"), _MASK),
    # Authorization values, wherever a library quotes them
    (re.compile(r"\b(Bearer|Basic|DPoP)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {_MASK}"),
    # JWS and JWE, compact form
    (re.compile(r"\beyJ[\w-]{5,}(?:\.[\w-]*){1,4}"), _MASK),
    # parameters of OAuth messages and forms, in URLs, forms, JSON and Python's repr
    (
        re.compile(
            r"(?P<name>\b(?:code|state|nonce|access_token|refresh_token|id_token(?:_hint)?|token|client_secret|client_assertion|"
            r"code_verifier|password|secret|ticket|SAMLResponse|logout_token|request_uri)\b['\"]?\s*[=:]\s*['\"]?)"
            r"[^\s&'\",;}<]{6,}"
        ),
        rf"\g<name>{_MASK}",
    ),
    # 18-digit citizen ID numbers (GB 11643): the first six are a place, the last four stay for the operator's search
    (
        re.compile(
            r"(?<![0-9A-Za-z])([1-9]\d{5})(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(\d{3}[0-9Xx])(?![0-9A-Za-z])"
        ),
        r"\1********\2",
    ),
    # 15-digit ones of before 1999
    (
        re.compile(r"(?<![0-9A-Za-z])([1-9]\d{5})\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?![0-9A-Za-z])"),
        r"\1*********",
    ),
    # mobile phones, with or without +86
    (
        re.compile(r"(?<![0-9A-Za-z])((?:\+?86[- ]?)?1[3-9]\d)[- ]?\d{4}[- ]?(\d{4})(?![0-9A-Za-z])"),
        r"\1****\2",
    ),
    # e-mail addresses keep their domain
    (re.compile(r"[\w.+-]+@(?=[\w-]+\.[\w.-]+)"), f"{_MASK}@"),
)


def masked(text: str) -> str:
    """The text with every identifying or secret part replaced."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _masked_value(value: object, depth: int = 0) -> object:
    if isinstance(value, bool | int | float | None):
        # An ID number may come as a number.
        return value if not isinstance(value, int) or abs(value) < 10**10 else masked(str(value))
    if isinstance(value, Mapping):
        return (
            {str(key): _masked_item(str(key), item, depth + 1) for key, item in value.items()} if depth < 5 else _MASK
        )
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked_value(item, depth + 1) for item in value] if depth < 5 else _MASK
    return masked(value if isinstance(value, str) else str(value))


def _masked_item(key: str, value: object, depth: int = 0) -> object:
    if key not in _ALLOWED_KEYS and _SECRET_KEY.search(key) and value is not None:
        return _MASK
    return _masked_value(value, depth)


def mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor."""
    return {key: _masked_item(key, value) for key, value in event.items()}


def _who(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    acting = context.actor()
    if acting.request_id is not None:
        event.setdefault("request_id", acting.request_id)
    if acting.client_id is not None:
        event.setdefault("client", acting.client_id)
    return event


def configure(*, level: str = "INFO", readable: bool = False) -> None:
    """Send structlog and the standard library's loggers through one masked writer to stderr; may be called again."""
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _who,
    ]
    end: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, mask_event]
    if readable:
        end.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    else:
        end.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *end],
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if getattr(h, "kapok", False)]:
        root.removeHandler(old)
    handler.kapok = True  # type: ignore[attr-defined]  # so that a second call replaces and does not double
    root.addHandler(handler)
    root.setLevel(level.upper())
    heard = root.isEnabledFor(logging.INFO)
    _access.form = ("text" if readable else "json") if heard else "off"
    # Authlib writes whole tokens at DEBUG; SQLAlchemy writes parameters at INFO; urllib3 writes URLs at DEBUG.
    logging.getLogger("authlib").setLevel(logging.INFO)
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)


def get(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def access_line(*, method: str, route: str, status: int, milliseconds: float, size: int, request_id: str) -> None:
    """One line a request, written past the machinery above because it is on every request's bill.

    It holds nothing of a person: the route's pattern instead of the path, no query, no address (the audit has that).
    """
    if _access.form == "json":
        members = {
            "event": "request",
            "timestamp": clock.now().isoformat(),
            "method": method,
            "route": route,
            "status": status,
            "ms": round(milliseconds, 1),
            "size": size,
            "request_id": request_id,
        }
        sys.stderr.write(_encode(members) + "\n")
    elif _access.form == "text":
        sys.stderr.write(f"{status} {method:5} {route}  {milliseconds:.0f} ms  {request_id}\n")


class _Access:
    """Set by ``configure``; silent in tests and commands that never configure the log."""

    form: Literal["off", "text", "json"] = "off"


_access = _Access()
