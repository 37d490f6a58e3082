"""What is kept and sent back is printable text: no control characters (RFC 6749 appendix A.5, A.7)."""

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for value in draft.values.values() for c in value):
        raise InvalidRequestError("a parameter has control characters")
