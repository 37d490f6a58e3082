"""Nothing is kept of a request that is larger than any honest one."""

from typing import Final

from flask_babel import lazy_gettext as _

from idp import authorization_detail, claims_request
from idp.authorize.request import Draft, page_fault
from idp.clients import signed
from idp.tokens import check as tokens

MOST_PARAMETERS: Final = 50
MOST_VALUES: Final = 100
MOST_CHARACTERS: Final = 32 * 1024
MOST_OF_ONE: Final = 4096
LONG: Final = {
    "request": signed.MOST_CHARACTERS,
    "claims": claims_request.MOST_BYTES,
    "authorization_details": authorization_detail.MOST_BYTES,
    "id_token_hint": tokens.MOST_CHARACTERS,
}
"""Parameters that hold a document; what is longer is refused here already."""


def check(draft: Draft) -> None:
    pairs = [(name, value) for name, given in draft.parameters.items() for value in given]
    if (
        len(draft.parameters) > MOST_PARAMETERS
        or len(pairs) > MOST_VALUES
        or sum(len(name) + len(value) for name, value in pairs) > MOST_CHARACTERS
        or any(len(value) > LONG.get(name, MOST_OF_ONE) for name, value in pairs)
    ):
        raise page_fault("request_too_large", _("这个网站发来的登录请求太长，登录没有开始。请联系该网站。"))
