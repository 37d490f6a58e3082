"""Nothing is kept of a request that is larger than any honest one."""

from typing import Final

from flask_babel import lazy_gettext as _

from idp.authorize.request import Draft, page_fault

MOST_PARAMETERS: Final = 50
MOST_CHARACTERS: Final = 6000


def check(draft: Draft) -> None:
    size = sum(len(name) + sum(map(len, given)) for name, given in draft.parameters.items())
    if len(draft.parameters) > MOST_PARAMETERS or size > MOST_CHARACTERS:
        raise page_fault("request_too_large", _("这个网站发来的登录请求太长，登录没有开始。请联系该网站。"))
