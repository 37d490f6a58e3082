"""What a portal's developer is told on the pages that its people see when a request cannot be answered to it.

Such a page is for the person: it names no parameter. One small line beneath leads from its code to the place on
``/developers/errors`` that stands here.
"""

from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _

from kernel.errors import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFault:
    """``path``: the endpoint. ``meaning``: what happened; ``remedy``: what to change in the portal."""

    code: str
    path: str
    meaning: Text
    remedy: Text

    @property
    def anchor(self) -> str:
        """Apart from OAuth's codes, some of which have the same names."""
        return f"page-{self.code}"


def _fault(code: str, path: str, meaning: Text, remedy: Text) -> PageFault:
    return PageFault(code=code, path=path, meaning=meaning, remedy=remedy)


FAULTS: Final = (
    _fault(
        "flow_expired",
        "/authorize",
        _("登录已经结束，或者用户等待得太久，又或者打开了旧的页面。"),
        _("请提供重新登录的按钮，每次都从/authorize重新发起。"),
    ),
    _fault(
        "id_token_hint_missing",
        "/end_session",
        _("带了post_logout_redirect_uri，但没有带id_token_hint，不能确认是谁要求返回。"),
        _(
            "请保存登录时收到的ID令牌，退出时作为id_token_hint发来，过期的也可以；没有的，请不要带post_logout_redirect_uri。"
        ),
    ),
    _fault(
        "invalid_authorization_request",
        "/authorize",
        _("授权请求不能处理，也不能确定应答发到哪里。"),
        _("请核对client_id和redirect_uri。"),
    ),
    _fault(
        "invalid_id_token_hint",
        "/end_session",
        _("id_token_hint不是平台发的ID令牌，或者不是发给这个client_id的。"),
        _("请原样发来登录时收到的ID令牌，client_id可以不带。"),
    ),
    _fault(
        "invalid_logout_request",
        "/end_session",
        _("退出请求的参数不能接受，例如state太长。"),
        _("请对照OpenID Connect RP-Initiated Logout修改参数。"),
    ),
    _fault(
        "invalid_request_object",
        "/authorize",
        _("请求对象（request）不能读取，外面又没有redirect_uri，不能确定应答发到哪里。"),
        _("请用登记的密钥签名；调试时在外面也带上同样的redirect_uri，错误就会返回到那里。"),
    ),
    _fault(
        "invalid_request_uri",
        "/authorize",
        _("request_uri没有、过期、已经用过，或者不是给这个client_id的。"),
        _("请每次登录都向/par提交一次，取得request_uri后马上使用。"),
    ),
    _fault(
        "post_logout_redirect_uri_not_registered",
        "/end_session",
        _("post_logout_redirect_uri不在登记的地址里。"),
        _("请把地址登记在post_logout_redirect_uris里，发来的要与登记的逐字节一致。"),
    ),
    _fault(
        "redirect_uri_not_registered",
        "/authorize",
        _("redirect_uri没有带，或者不在登记的地址里。"),
        _("请每次都带redirect_uri，与登记的逐字节一致，包括端口、末尾的斜杠和大小写。"),
    ),
    _fault(
        "repeated_parameter",
        "/end_session",
        _("同一个参数出现了两次。"),
        _("请每个参数只带一次。"),
    ),
    _fault(
        "request_too_large",
        "/authorize",
        _("授权请求的参数太多或者太长。"),
        _("请去掉不需要的参数，长的请求请先提交到/par。"),
    ),
    _fault(
        "unknown_client",
        "/authorize, /end_session",
        _("client_id没有带，或者没有登记，或者登记已经停用、更改。"),
        _("请核对client_id；登记停用的，请与平台联系。"),
    ),
)
BY_CODE: Final = {fault.code: fault for fault in FAULTS}


def reason(code: str) -> Text | None:
    """What happened, in a sentence."""
    return BY_CODE[code].meaning if code in BY_CODE else None
