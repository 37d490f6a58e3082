"""Every error code that the protocol's endpoints can answer with: what it means, and what a portal's developer does.

``error_uri`` (RFC 6749 §5.2) leads to the code's place on ``/developers/errors``; an architecture test compares this
table with the codes in the source.
"""

from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _

from kernel import settings
from kernel.errors import Text
from kernel.settings import KernelSettings

PATH: Final = "/developers/errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthError:
    """``source``: where the code is defined. ``meaning``: what happened; ``remedy``: what to change in the portal."""

    code: str
    source: str
    meaning: Text
    remedy: Text


def uri(code: str) -> str:
    """The address of the page on ``code``."""
    return f"{settings.of(KernelSettings).public_url}{PATH}#{code}"


def _error(code: str, source: str, meaning: Text, remedy: Text) -> OAuthError:
    return OAuthError(code=code, source=source, meaning=meaning, remedy=remedy)


ERRORS: Final[tuple[OAuthError, ...]] = (
    _error(
        "access_denied",
        "RFC 6749 §4.1.2.1",
        _("用户不同意，或者平台不允许这次授权。"),
        _("请回到自己的页面，告诉用户没有登录，并提供再试一次的按钮，不要自动重试。"),
    ),
    _error(
        "authorization_pending",
        "RFC 8628 §3.5",
        _("用户还没有在另一台设备上确认。"),
        _("请按interval的间隔继续查询，直到得到令牌或者其他错误。"),
    ),
    _error(
        "consent_required",
        "OpenID Connect Core §3.1.2.6",
        _("请求里有prompt=none，但用户还没有同意提供这些信息。"),
        _("请不带prompt=none重新发起，让用户看到授权页面。"),
    ),
    _error(
        "expired_token",
        "RFC 8628 §3.5",
        _("用户没有在规定时间内确认，这次请求已经过期。"),
        _("请重新发起，显示新的用户码或者重新推送。"),
    ),
    _error(
        "insufficient_scope",
        "RFC 6750 §3.1",
        _("令牌有效，但没有访问这个接口需要的权限。"),
        _("请在授权请求的scope里加上应答中写明的权限；没有登记的，请先向平台申请。"),
    ),
    _error(
        "insufficient_user_authentication",
        "RFC 9470 §3",
        _("令牌有效，但用户登录的等级不够，或者登录得太久。"),
        _("请带上应答中的acr_values或max_age重新发起授权，让用户再验证一次。"),
    ),
    _error(
        "invalid_authorization_details",
        "RFC 9396 §5",
        _("authorization_details的类型或内容不对，或者没有为这个应用登记。"),
        _("请对照发现文档里的authorization_details_types_supported修改，类型要先登记。"),
    ),
    _error(
        "invalid_binding_message",
        "CIBA §13",
        _("binding_message太长，或者有不能显示的字符。"),
        _("请用简短的文字，只写用户需要核对的内容。"),
    ),
    _error(
        "invalid_client",
        "RFC 6749 §5.2",
        _("没有认出是哪个应用：编号、认证方式、密钥或者证书有一样不对，或者登记已经停用。"),
        _("请核对client_id，只用登记的那一种认证方式；用client_secret_basic时，编号和密钥都要先做表单编码。"),
    ),
    _error(
        "invalid_client_metadata",
        "RFC 7591 §3.2.2",
        _("登记的内容有误，error_description写明了是哪一项、怎么改。"),
        _("请按error_description修改后重新提交；要运营方才能设置的，请与平台联系。"),
    ),
    _error(
        "invalid_dpop_proof",
        "RFC 9449 §5",
        _("DPoP证明不对：签名、网址、方法、时间或者令牌摘要有一样不符，或者已经用过。"),
        _("请每次请求都用同一把密钥新签一个证明，htm和htu与请求一致，并校准服务器时间。"),
    ),
    _error(
        "invalid_grant",
        "RFC 6749 §5.2",
        _("授权码或者更新令牌已经用过、过期、被收回，或者不是发给这个应用的。"),
        _("请让用户重新登录；授权码只能用一次，更新令牌每次都要换成新的，redirect_uri和code_verifier要与发起时一致。"),
    ),
    _error(
        "invalid_redirect_uri",
        "RFC 7591 §3.2.2",
        _("登记的返回网址不符合要求。"),
        _("请用完整的https网址，不带#和通配符；多个网址请逐个登记。"),
    ),
    _error(
        "invalid_request",
        "RFC 6749 §5.2",
        _("请求缺少参数、参数重复，或者格式不对。"),
        _("请按error_description修改；令牌接口的参数要放在表单里，每个只出现一次。"),
    ),
    _error(
        "invalid_request_object",
        "RFC 9101 §6.2",
        _("请求对象（request）不能接受：签名、算法、时间、iss或者aud不对。"),
        _("请用登记的密钥签名，aud写平台的issuer，并带上exp。"),
    ),
    _error(
        "invalid_request_uri",
        "RFC 9101 §6.2",
        _("request_uri没有、过期、已经用过，或者不是给这个应用的。"),
        _("请先向/par提交，取得新的request_uri后马上使用。"),
    ),
    _error(
        "invalid_scope",
        "RFC 6749 §5.2",
        _("申请的权限不存在，或者没有为这个应用登记，或者超出了原来的授权。"),
        _("请对照登记的scope修改；需要更多权限的，请向平台申请。"),
    ),
    _error(
        "invalid_software_statement",
        "RFC 7591 §3.2.2",
        _("软件声明（software_statement）的签名或时间不对。"),
        _("请向签发方重新取得软件声明。"),
    ),
    _error(
        "invalid_target",
        "RFC 8707 §2",
        _("resource或者audience指的接口不存在，或者这个应用不能为它取得令牌。"),
        _("请核对接口的网址，要与登记的完全一致；应用之间换令牌要由平台先登记。"),
    ),
    _error(
        "invalid_token",
        "RFC 6750 §3.1",
        _("访问令牌无效、过期，或者已经被收回。"),
        _("请用更新令牌换新的；换不到的，让用户重新登录。"),
    ),
    _error(
        "login_required",
        "OpenID Connect Core §3.1.2.6",
        _("请求里有prompt=none，但用户没有登录，或者登录不符合max_age、id_token_hint的要求。"),
        _("请不带prompt=none重新发起，让用户登录。"),
    ),
    _error(
        "registration_not_supported",
        "OpenID Connect Core §3.1.2.6",
        _("授权请求里带了registration参数，平台不接受在这里登记。"),
        _("请去掉registration，事先登记应用。"),
    ),
    _error(
        "request_not_supported",
        "OpenID Connect Core §3.1.2.6",
        _("请求对象（request）没有签名，或者这里不能使用。"),
        _("请用登记的密钥签名，或者直接用普通参数。"),
    ),
    _error(
        "request_uri_not_supported",
        "OpenID Connect Core §3.1.2.6",
        _("request_uri不是平台发的。"),
        _("请先向/par提交请求，用应答里的request_uri。"),
    ),
    _error(
        "server_error",
        "RFC 6749 §4.1.2.1",
        _("平台出了意外。"),
        _("请稍后再试；一直这样的，请把应答里的request_id告诉平台。"),
    ),
    _error(
        "slow_down",
        "RFC 8628 §3.5",
        _("查询得太频繁。"),
        _("请把查询间隔加大5秒，再继续查询。"),
    ),
    _error(
        "temporarily_unavailable",
        "RFC 6749 §4.1.2.1",
        _("请求太多，或者平台暂时不能处理。"),
        _("请等Retry-After写的秒数后再试。"),
    ),
    _error(
        "unapproved_software_statement",
        "RFC 7591 §3.2.2",
        _("平台不信任软件声明（software_statement）的签发方。"),
        _("请去掉software_statement，或者与平台联系，登记签发方。"),
    ),
    _error(
        "unauthorized_client",
        "RFC 6749 §5.2",
        _("这个应用没有登记这种授权方式。"),
        _("请用登记的grant_types；需要增加的，请向平台申请。"),
    ),
    _error(
        "unknown_user_id",
        "CIBA §13",
        _("按login_hint、login_hint_token或者id_token_hint找不到用户。"),
        _("请核对用户标识；最好用以前收到的ID令牌作id_token_hint。"),
    ),
    _error(
        "unmet_authentication_requirements",
        "OpenID Connect Unmet Authentication Requirements §2",
        _("请求要求的认证等级（acr），这个用户现在达不到。"),
        _("请说明需要什么等级、怎样提升，或者按较低的等级提供服务。"),
    ),
    _error(
        "unsupported_grant_type",
        "RFC 6749 §5.2",
        _("平台不提供这种grant_type。"),
        _("请对照发现文档里的grant_types_supported修改。"),
    ),
    _error(
        "unsupported_response_type",
        "RFC 6749 §4.1.2.1",
        _("平台不提供这种response_type。"),
        _("请用response_type=code，并配合PKCE。"),
    ),
    _error(
        "use_dpop_nonce",
        "RFC 9449 §8",
        _("DPoP证明里要有平台给的nonce。"),
        _("请取应答头DPoP-Nonce的值，放进证明的nonce，马上再发一次同样的请求。"),
    ),
)
"""In the order of the alphabet."""

BY_CODE: Final = {error.code: error for error in ERRORS}
