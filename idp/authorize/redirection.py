"""The address an answer is sent to: the registered bytes, and ours behind them."""

from collections.abc import Mapping
from urllib.parse import urlencode


def redirection(redirect_uri: str, answer: Mapping[str, str]) -> str:
    """``redirect_uri`` as registered, its own query untouched (RFC 6749 §3.1.2), with the answer."""
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"
