"""``response_mode`` (OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post Response Mode, JARM): one that
is not offered is refused rather than silently replaced.
"""

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import MODES, Draft


def check(draft: Draft) -> None:
    said = draft.get("response_mode")
    if said is not None and said not in MODES:
        raise InvalidRequestError(f"response_mode must be one of {', '.join(MODES)}")
    if said is not None and MODES[said] != draft.mode:
        raise InvalidRequestError("response_mode form_post needs an https redirect_uri")
