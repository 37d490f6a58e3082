"""errors.md: every code that an answer can carry."""

from collections.abc import Iterator

from wiring.reference.codes import Code, app_codes, oauth_codes
from wiring.reference.markdown import code, table


def lines() -> Iterator[str]:
    yield "# Error codes"
    yield ""
    yield "Codes are stable: programs may rely on them. Sentences are for people, translated into the language of the"
    yield "request, and may change; gaps like `%(n)s` are filled in. Each answer carries `X-Request-Id`, which is also"
    yield "the reference number on pages and in the log."
    yield ""
    yield "## OAuth and OpenID Connect"
    yield ""
    yield "`error` as each RFC names it; what to do about each is in [oauth-errors.md](oauth-errors.md)."
    yield from table(("Error", "HTTP"), sorted({(code(one.code), one.status) for one in oauth_codes()}))
    yield "## Problem documents and pages"
    yield ""
    yield "`code` of a problem document (RFC 9457, `application/problem+json`) at the machines' door, and of what a"
    yield "page refuses. `fields` names the fields that are wrong."
    yield from table(("Code", "HTTP", "Meaning", "Sentence"), _rows())
    yield "Codes of single records in a batch are in [feeds.md](feeds.md)."


def _rows() -> Iterator[tuple[str, ...]]:
    """One row for a code, with every status, meaning and sentence it is used with."""
    by_code: dict[str, list[Code]] = {}
    for one in app_codes():
        by_code.setdefault(one.code, []).append(one)
    for name, uses in sorted(by_code.items()):
        yield code(name), _all(u.status for u in uses), _all(u.meaning for u in uses), _all(u.said for u in uses)


def _all(values: Iterator[str]) -> str:
    return "<br>".join(sorted({value for value in values if value}))
