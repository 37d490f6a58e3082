"""Client metadata (RFC 7591 §2, OpenID Connect Registration §2): what is understood, its defaults, and all faults
at once.

Members that are not understood are left out, as RFC 7591 asks; members that are understood but not offered are
refused, because a client that relies on them would fail later and elsewhere.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from idp.clients import metadata_faults, redirect_uris
from kernel.errors import Invalid

MOST_URIS: Final = 50
DEFAULT_SCOPE: Final = "openid profile"

Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=400)]
Uri = Annotated[str, Field(max_length=redirect_uris.MOST_CHARACTERS)]
Uris = Annotated[list[str], Field(max_length=MOST_URIS)]


Keys = Annotated[dict[str, Any], Field(max_length=10)]
Signing = Literal["ES256", "RS256", "PS256", "EdDSA"]
KeyWrap = Literal["RSA-OAEP-256", "ECDH-ES"]
Resource = Annotated[str, Field(max_length=400)]

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE_GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA_GRANT: Final = "urn:openid:params:grant-type:ciba"
PEOPLE: Final = frozenset({"authorization_code", DEVICE_GRANT, CIBA_GRANT})
BY_CERTIFICATE: Final = frozenset({"tls_client_auth", "self_signed_tls_client_auth"})
BY_KEY: Final = frozenset({"private_key_jwt", *BY_CERTIFICATE})
OPERATORS: Final = frozenset(
    {
        "legal_basis",
        "purpose",
        "require_pkce",
        "token_exchange_audiences",
        "resource_uris",
        "introspects",
        "internal_network",
    }
)
"""Members that are ours, and that only an operator may set: nobody gives oneself a right by registering."""
LOCALIZED: Final = frozenset({"client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"})
# RFC 7591 §2.2: the member's name, #, a language tag (BCP 47).
_LOCALIZED: Final = re.compile(rf"({'|'.join(sorted(LOCALIZED))})#[A-Za-z]{{2,8}}(-[A-Za-z0-9]{{1,8}})*\Z")


class Metadata(BaseModel):
    """What a client registers (RFC 7591 §2, OpenID Connect Registration §2, and what each extension adds).

    ``OPERATORS`` names the members that only an operator may set. ``require_pkce`` off: ``nonce`` or the client's
    authentication protects the code instead. ``token_exchange_audiences``: the clients it may exchange a person's
    token for (RFC 8693); ``resource_uris``: the interfaces that are this client's (RFC 8707); ``introspects``: it
    may ask about every token (RFC 7662). ``internal_network``: what we call for it (``uri_faults.CALLED``) may be
    inside EGRESS_ALLOWED_NETWORKS. ``security_profile`` turns on every rule of FAPI 2.0. ``localized`` is not a member
    of its own: it holds those with a language, as ``client_name#en``.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    client_name: Name | None = None
    redirect_uris: Uris = []
    token_endpoint_auth_method: Text = "client_secret_basic"  # noqa: S105  # the name of a method
    token_endpoint_auth_signing_alg: Signing | None = None
    grant_types: Annotated[list[Text], Field(max_length=20)] = ["authorization_code"]
    response_types: list[Literal["code"]] = ["code"]
    scope: Annotated[str, Field(max_length=1000)] = DEFAULT_SCOPE
    application_type: Literal["web", "native"] = "web"
    subject_type: Literal["pairwise", "public"] = "pairwise"
    sector_identifier_uri: Uri | None = None
    jwks: Keys | None = None
    jwks_uri: Uri | None = None
    id_token_signed_response_alg: Signing = "ES256"  # noqa: S105
    id_token_encrypted_response_alg: KeyWrap | None = None
    id_token_encrypted_response_enc: Literal["A256GCM"] | None = None
    userinfo_signed_response_alg: Signing | None = None
    userinfo_encrypted_response_alg: KeyWrap | None = None
    userinfo_encrypted_response_enc: Literal["A256GCM"] | None = None
    authorization_signed_response_alg: Signing | None = None
    introspection_signed_response_alg: Signing | None = None
    request_object_signing_alg: Signing | None = None
    request_uris: Uris = []
    require_signed_request_object: bool = False
    require_pushed_authorization_requests: bool = False
    default_max_age: Annotated[int, Field(ge=0, le=10**8)] | None = None
    default_acr_values: Annotated[list[Text], Field(max_length=10)] = []
    require_auth_time: bool = False
    initiate_login_uri: Uri | None = None
    post_logout_redirect_uris: Uris = []
    frontchannel_logout_uri: Uri | None = None
    frontchannel_logout_session_required: bool = False
    backchannel_logout_uri: Uri | None = None
    backchannel_logout_session_required: bool = False
    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    tls_client_auth_subject_dn: Text | None = None
    tls_client_auth_san_dns: Text | None = None
    tls_client_auth_san_uri: Text | None = None
    tls_client_auth_san_ip: Text | None = None
    tls_client_auth_san_email: Text | None = None
    authorization_details_types: Annotated[list[Text], Field(max_length=50)] = []
    backchannel_token_delivery_mode: Literal["poll", "ping"] | None = None
    backchannel_client_notification_endpoint: Uri | None = None
    backchannel_user_code_parameter: Literal[False] = False
    client_uri: Uri | None = None
    logo_uri: Uri | None = None
    policy_uri: Uri | None = None
    tos_uri: Uri | None = None
    contacts: Annotated[list[Text], Field(max_length=20)] = []
    software_id: Text | None = None
    software_version: Text | None = None
    software_statement: Annotated[str, Field(max_length=10_000)] | None = None
    security_profile: Literal["fapi2"] | None = None
    legal_basis: Text | None = None
    purpose: Text | None = None
    require_pkce: bool = True
    token_exchange_audiences: Annotated[list[Text], Field(max_length=50)] = []
    resource_uris: Annotated[list[Resource], Field(max_length=20)] = []
    introspects: bool = False
    internal_network: bool = False
    localized: Annotated[dict[str, Annotated[str, Field(min_length=1, max_length=1024)]], Field(max_length=50)] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather_localized(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        found = {name: value for name, value in data.items() if _LOCALIZED.match(name)}
        return {name: value for name, value in data.items() if name != "localized"} | {"localized": found}

    def said(self, member: str, lang: str) -> str | None:
        """A member of ``LOCALIZED`` in this language (BCP 47), or in none; the longest tag that fits comes first."""
        tags = {name.lower(): value for name, value in self.localized.items()}
        parts = lang.lower().split("-")
        for length in range(len(parts), 0, -1):
            if found := tags.get(f"{member}#{'-'.join(parts[:length])}".lower()):
                return found
        plain: str | None = getattr(self, member)
        return plain

    @property
    def native(self) -> bool:
        return self.application_type == "native"

    @property
    def confidential(self) -> bool:
        return self.token_endpoint_auth_method != "none"  # noqa: S105

    @property
    def has_secret(self) -> bool:
        """Whether it proves itself by a secret that we make; the others have a key or nothing."""
        return self.confidential and self.token_endpoint_auth_method not in BY_KEY

    @property
    def interactive(self) -> bool:
        """Whether people come through it; otherwise it is a machine that speaks for itself."""
        return not PEOPLE.isdisjoint(self.grant_types)

    @property
    def redirects(self) -> bool:
        """Whether browsers come through it."""
        return "authorization_code" in self.grant_types

    @property
    def fapi2(self) -> bool:
        return self.security_profile == "fapi2"

    @property
    def sender_constrained(self) -> bool:
        """Whether its tokens are worth something only with its key (RFC 9449, RFC 8705)."""
        return self.fapi2 or self.dpop_bound_access_tokens or self.tls_client_certificate_bound_access_tokens

    def answered(self) -> dict[str, Any]:
        """The registered metadata as RFC 7591 §3.2.1 answers it: defaults included, and what is empty or off only
        where somebody said so.
        """
        kept = self.model_dump(exclude={"localized"})
        said = {"require_pkce", *self.model_fields_set}
        shown = {
            name: value
            for name, value in kept.items()
            if value is not None and (name in said or not (value is False or value == []))
        }
        return shown | self.localized


def validate(raw: object) -> Metadata:
    """The metadata in ``raw``, a parsed JSON object.

    :raises Invalid: with one line for each faulty member.
    """
    if not isinstance(raw, Mapping):
        raise Invalid({"metadata": "must be a JSON object"}, code="invalid_client_metadata")
    given = {str(name): value for name, value in raw.items() if value is not None}
    if "authorization_code" not in _list(given.get("grant_types", ["authorization_code"])):
        given.setdefault("response_types", [])
        given.setdefault("scope", "")
    if given.get("security_profile") == "fapi2":
        given.setdefault("require_pushed_authorization_requests", True)  # FAPI 2.0 Security Profile §5.3.2.2
    try:
        metadata = Metadata.model_validate(given)
    except ValidationError as error:
        found = {_member(d["loc"]): d["msg"] for d in error.errors()}
        raise Invalid(found, code="invalid_client_metadata") from None
    faults: dict[str, str] = {}
    for member, why in metadata_faults.of(metadata):
        faults.setdefault(member, why)
    if faults:
        code = "invalid_redirect_uri" if set(faults) == {"redirect_uris"} else "invalid_client_metadata"
        raise Invalid(faults, code=code)
    return metadata


def not_understood(raw: Mapping[str, object]) -> list[str]:
    """The members of ``raw`` that registration leaves out."""
    return sorted(n for n in raw if n == "localized" or not (n in Metadata.model_fields or _LOCALIZED.match(n)))


def _member(place: tuple[int | str, ...]) -> str:
    """The member that a fault is in, by the name it was sent with."""
    if not place:
        return "metadata"
    return str(place[1] if place[0] == "localized" and len(place) > 1 else place[0])


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def sector(m: Metadata, client_id: str) -> str:
    """Who shares the names of people with this client (OpenID Connect Core §8.1).

    The host of its ``sector_identifier_uri``, else the one host of its redirect URIs, else nobody: the client alone.
    """
    if m.subject_type == "public":
        return "public"
    if m.sector_identifier_uri is not None:
        return urlsplit(m.sector_identifier_uri).hostname or client_id
    hosts = {urlsplit(uri).hostname for uri in m.redirect_uris if urlsplit(uri).scheme in {"http", "https"}}
    host = hosts.pop() if len(hosts) == 1 else None
    # On one's own machine every application has the same host; they are no group.
    return client_id if host is None or redirect_uris.is_loopback(host) else host
