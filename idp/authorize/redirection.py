"""The address an answer is sent to: the registered bytes, and ours behind them."""

from collections.abc import Mapping
from urllib.parse import urlencode

from idp.tokens import mint


def redirection(redirect_uri: str, answer: Mapping[str, str | None]) -> str:
    """``redirect_uri`` as registered, its own query untouched (RFC 6749 §3.1.2), with the answer and ``iss`` (RFC
    9207).
    """
    named = {name: value for name, value in answer.items() if value is not None}
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode({**named, 'iss': mint.issuer()})}"
