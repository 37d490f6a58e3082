"""What is kept and sent back is printable text: no control characters (RFC 6749 appendix A.5, A.7)."""

from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft

JSON: Final = frozenset({"claims", "authorization_details"})  # may be indented (RFC 8259 §2); its reader judges it


def check(draft: Draft) -> None:
    texts = (value for name, value in draft.values.items() if name not in JSON)
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for text in texts for c in text):
        raise InvalidRequestError("a parameter has control characters")
