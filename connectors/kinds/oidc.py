"""OpenID providers: the code flow with PKCE, every answer checked (OIDC Core 1.0, RFC 7636, 9207, 9700).

What is kept in the browser's session between ``begin`` and ``complete`` binds the answer to this browser
(``state``), to this login (``nonce``) and to this platform (``verifier``). The callback path is the city's
own, so an answer meant for one city never meets another's token endpoint.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import quote_plus, urlencode, urlsplit

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from pydantic import ConfigDict, Field, SecretStr

from connectors.breaker import Deadline
from connectors.errors import BadAnswer, LoginExpired, UpstreamRefused
from connectors.form import STRICT, Fault, Help
from connectors.kind import Answer, Begin, Callback, FieldMap, Kind, Source, check_file
from connectors.openid import id_token, provider
from connectors.openid.provider import Access, Metadata, Provider
from kernel import clock
from kernel.crypto import same
from kernel.ids import new_secret

LOGIN_SECONDS: Final = 900  # how long a person may take at the city
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    issuer: Annotated[
        str,
        Field(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$"),
        Help(_("认证系统的issuer，例如https://login.example.gov.cn，与它的发现文档里写的完全一样")),
    ]
    client_id: Annotated[str, Field(min_length=1), Help(_("在该市登记得到的client_id"))]
    client_secret: Annotated[SecretStr, Field(min_length=1), Help(_("在该市登记得到的client_secret"))]
    client_auth: Annotated[Literal["basic", "post"], Help(_("client_secret放在哪里：basic是请求头，post是表单"))] = (
        "basic"
    )
    scopes: Annotated[tuple[str, ...], Help(_('要求的scope，必须有"openid"'))] = ("openid", "profile")
    algorithms: Annotated[
        tuple[Algorithm, ...],
        Field(min_length=1),
        Help(_('该市签名用的算法，例如["RS256"]；不接受none和HS开头的算法')),
    ] = ("RS256", "ES256")
    acr_values: Annotated[str | None, Help(_("要求该市达到的acr，多个用空格分开；不要求写null"))] = None
    userinfo: Annotated[bool, Help(_("true表示还要到userinfo端点取信息"))] = False
    ca_file: Annotated[str | None, Help(_("签发服务器证书的CA证书文件（PEM）；用公共CA时写null"))] = None


def check(settings: OidcSettings, internal: bool) -> Iterable[Fault]:  # noqa: FBT001  # a Kind's check
    """What single fields cannot show."""
    if settings.issuer.startswith("http://") and not internal:
        yield Fault(
            field="settings.issuer",
            problem=gettext("明文连接只能用于内部网络"),
            remedy=gettext("改用https://，或在内部网络时把internal写成true"),
        )
    if "openid" not in settings.scopes:
        yield Fault(
            field="settings.scopes",
            problem=gettext("缺少openid"),
            remedy=gettext("在列表里加上openid"),
        )
    yield from check_file(settings.ca_file, "settings.ca_file")


def begin(source: Source[OidcSettings], callback_url: str, deadline: Deadline) -> Begin:
    """The authorization request (Core §3.1.2.1, RFC 7636 §4.3)."""
    settings = source.settings
    endpoint = _provider(source).metadata(deadline).authorization_endpoint
    state, nonce, verifier = new_secret(), new_secret(), new_secret()
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": callback_url,
        "scope": " ".join(settings.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    if settings.acr_values:
        asked["acr_values"] = settings.acr_values
    joint = "&" if urlsplit(endpoint).query else "?"
    return Begin(
        redirect_url=f"{endpoint}{joint}{urlencode(asked)}",
        saved={
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "issuer": settings.issuer,
            "begun_at": str(int(clock.now().timestamp())),
        },
    )


def complete(source: Source[OidcSettings], callback: Callback, deadline: Deadline) -> Answer:
    """The answer at the callback, the token request, the ID token, and userinfo where the source has it."""
    settings = source.settings
    _same_login(source, callback)
    known = _provider(source)
    metadata = known.metadata(deadline)
    _same_issuer(source, callback, metadata)
    if "error" in callback.params:
        raise UpstreamRefused(source.name, f"error {callback.params['error'][:64]!r}")
    code = callback.params.get("code")
    if not code:
        raise BadAnswer(source.name, "neither code nor error")
    tokens = _tokens(source, metadata, code, callback, deadline)
    claims = id_token.verify(
        tokens["id_token"],
        id_token.Expected(
            city=source.name,
            issuer=settings.issuer,
            client_id=settings.client_id,
            nonce=callback.saved["nonce"],
            algorithms=settings.algorithms,
            access_token=tokens["access_token"],
        ),
        lambda header: known.key(header, deadline),
    )
    values = {**_userinfo(source, metadata, tokens, claims, deadline), **claims}  # what is signed wins
    return Answer(
        upstream_id=f"{settings.issuer}#{claims['sub']}",  # an issuer has no fragment: Discovery §3
        values={name: text for name, value in values.items() if (text := _as_text(value)) is not None},
        authenticated_at=datetime.fromtimestamp(claims["auth_time"], UTC) if "auth_time" in claims else clock.now(),
        session_hint=_as_text(claims.get("sid")),
    )


def _same_login(source: Source[OidcSettings], callback: Callback) -> None:
    """The answer belongs to the login that this browser began, not too long ago, with these settings."""
    saved = callback.saved
    if any(name not in saved for name in ("state", "nonce", "verifier", "issuer", "begun_at")):
        raise LoginExpired(source.name, "no login was begun in this browser")
    if not same(callback.params.get("state", ""), saved["state"]):
        raise LoginExpired(source.name, "state of another login")
    if saved["issuer"] != source.settings.issuer:
        raise LoginExpired(source.name, "the source's issuer was changed meanwhile")
    if clock.now().timestamp() - int(saved["begun_at"]) > LOGIN_SECONDS:
        raise LoginExpired(source.name, f"begun more than {LOGIN_SECONDS} s ago")


def _same_issuer(source: Source[OidcSettings], callback: Callback, metadata: Metadata) -> None:
    """RFC 9207 §2.4: compare whenever it is there, and where it is promised it must be there."""
    said = callback.params.get("iss")
    if (said is not None or metadata.names_itself) and said != source.settings.issuer:
        raise BadAnswer(source.name, "the answer comes from another issuer")


def _tokens(
    source: Source[OidcSettings], metadata: Metadata, code: str, callback: Callback, deadline: Deadline
) -> dict[str, str]:
    settings = source.settings
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback.url,
        "code_verifier": callback.saved["verifier"],
    }
    secret, headers = settings.client_secret.get_secret_value(), {"Accept": "application/json"}
    if settings.client_auth == "basic":  # RFC 6749 §2.3.1: both parts form-encoded before they are joined
        pair = f"{quote_plus(settings.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": settings.client_id, "client_secret": secret}
    access = _access(source)
    answer = provider.call(access, "POST", metadata.token_endpoint, deadline, form=form, headers=headers)
    found = provider.json_object(access, answer)
    error = found.get("error")
    if error == "invalid_grant":
        raise LoginExpired(source.name, "the city did not take the code")
    if answer.status != 200:
        raise UpstreamRefused(source.name, f"token endpoint: status {answer.status}, error {str(error)[:64]!r}")
    if str(found.get("token_type")).lower() != "bearer":
        raise BadAnswer(source.name, "token_type is not Bearer")
    tokens = {name: found[name] for name in ("id_token", "access_token") if isinstance(found.get(name), str)}
    if len(tokens) != 2:
        raise BadAnswer(source.name, "no ID token or no access token")
    return tokens


def _userinfo(
    source: Source[OidcSettings],
    metadata: Metadata,
    tokens: Mapping[str, str],
    claims: Mapping[str, Any],
    deadline: Deadline,
) -> dict[str, Any]:
    if not source.settings.userinfo:
        return {}
    if metadata.userinfo_endpoint is None:
        raise BadAnswer(source.name, "the metadata has no userinfo_endpoint")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json"}
    found = provider.get_json(_access(source), metadata.userinfo_endpoint, deadline, headers=bearer)
    if found.get("sub") != claims["sub"]:  # Core §5.3.2: or it is about somebody else
        raise BadAnswer(source.name, "userinfo is about another subject")
    return found


def _access(source: Source[OidcSettings]) -> Access:
    settings = source.settings
    return Access(city=source.name, issuer=settings.issuer, internal=source.internal, ca_file=settings.ca_file)


def _provider(source: Source[OidcSettings]) -> Provider:
    return provider.of(source.id, _access(source))


def _as_text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


plugin = Kind(
    name="oidc",
    title=_("OpenID Connect"),
    settings=OidcSettings,
    fields=FieldMap(name="name", id_number="id_number", id_type="id_type", level="acr"),
    check=check,
    begin=begin,
    complete=complete,
)
