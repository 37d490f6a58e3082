"""What is weak in a client's registration, in words for an operator. It is allowed, and there is better."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _

from idp.clients import redirect_uris
from idp.clients.metadata import Metadata
from idp.models.client import ClientSecret
from kernel import clock
from kernel.errors import Text

OLD_SECRET: Final = timedelta(days=365)


def of(m: Metadata, secrets: Sequence[ClientSecret]) -> list[Text]:
    """The gravest first."""
    return [*_flow(m), *_proof(m, secrets), *_addresses(m), *_tokens(m)]


def _flow(m: Metadata) -> Iterator[Text]:
    if m.redirects and not m.require_pkce:
        yield _("没有要求PKCE：授权码只靠nonce和客户端认证保护，门户不带nonce就更弱")
    if m.redirects and m.require_pkce and not m.confidential:
        yield _("公开客户端：不证明自己是谁，授权码只靠PKCE保护")


def _proof(m: Metadata, secrets: Sequence[ClientSecret]) -> Iterator[Text]:
    if not m.has_secret:
        return
    now = clock.now()
    live = [secret for secret in secrets if secret.expires_at is None or secret.expires_at > now]
    yield _("用密码证明自己，没有用密钥或者证书：密码会被抄走")
    if not live:
        yield _("没有有效的密码，现在不能取得令牌")
    if len(live) > 1:
        days = _("、").join(f"{clock.local(secret.created_at):%Y-%m-%d}" for secret in live)
        yield _("有%(n)s个有效的密码，生成于%(days)s", n=len(live), days=days)
    lasting = [secret for secret in live if secret.expires_at is None]
    if any(now - secret.created_at > OLD_SECRET for secret in lasting):
        yield _("密码一年多没有更换")
    elif lasting:
        yield _("密码没有到期日")


def _addresses(m: Metadata) -> Iterator[Text]:
    plain = [uri for uri in m.redirect_uris if urlsplit(uri).scheme == "http"]
    if plain:
        yield _("返回网址用http，在本机：%(uri)s", uri=plain[0])
    if any(urlsplit(uri).scheme not in {"http", "https"} for uri in m.redirect_uris):
        yield _("返回网址用应用自己的协议名：同一台设备上的别的应用也能登记同一个名字")
    if len({redirect_uris.origin(uri)[1] for uri in m.redirect_uris}) > 1 and m.sector_identifier_uri is None:
        yield _("返回网址分属几个域名，没有sector_identifier_uri说明它们是一家")


def _tokens(m: Metadata) -> Iterator[Text]:
    if m.interactive and m.id_token_signed_response_alg == "RS256":  # noqa: S105  # the name of an algorithm
        yield _("ID令牌用RS256签名，不如ES256")
    if m.interactive and m.subject_type == "public":
        yield _("用公开的用户标识：几个应用能凭它认出同一个人")
    if not m.sender_constrained:
        yield _("令牌没有绑定密钥（DPoP或者证书）：谁拿到都能用")
    if m.internal_network:
        yield _("平台可以访问它登记的内网地址")
