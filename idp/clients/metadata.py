"""Client metadata (RFC 7591 §2, OpenID Connect Registration §2): what is understood, its defaults, and all faults
at once.

Members that are not understood are left out, as RFC 7591 asks; members that are understood but not offered are
refused, because a client that relies on them would fail later and elsewhere.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from idp import scopes
from idp.clients import redirect_uris
from kernel.errors import Invalid

MOST_URIS: Final = 50
DEFAULT_SCOPE: Final = "openid profile"

Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=400)]
Uri = Annotated[str, Field(max_length=redirect_uris.MOST_CHARACTERS)]
Uris = Annotated[list[str], Field(max_length=MOST_URIS)]


class Metadata(BaseModel):
    """What a client registers. ``legal_basis`` and ``purpose`` are ours: only an operator may set them."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    client_name: Name | None = None
    redirect_uris: Uris = []
    token_endpoint_auth_method: Literal["client_secret_basic", "client_secret_post", "none"] = "client_secret_basic"  # noqa: S105  # the name of a method
    grant_types: list[Literal["authorization_code", "refresh_token", "client_credentials"]] = ["authorization_code"]
    response_types: list[Literal["code"]] = ["code"]
    scope: Annotated[str, Field(max_length=1000)] = DEFAULT_SCOPE
    application_type: Literal["web", "native"] = "web"
    subject_type: Literal["pairwise", "public"] = "pairwise"
    sector_identifier_uri: Uri | None = None
    id_token_signed_response_alg: Literal["RS256", "ES256"] = "RS256"  # noqa: S105
    default_max_age: Annotated[int, Field(ge=0, le=10**8)] | None = None
    require_auth_time: bool = False
    post_logout_redirect_uris: Uris = []
    client_uri: Uri | None = None
    logo_uri: Uri | None = None
    policy_uri: Uri | None = None
    tos_uri: Uri | None = None
    contacts: Annotated[list[Text], Field(max_length=20)] = []
    software_id: Text | None = None
    software_version: Text | None = None
    legal_basis: Text | None = None
    purpose: Text | None = None
    # Understood, not offered: they may be present only with these values.
    userinfo_signed_response_alg: None = None
    id_token_encrypted_response_alg: None = None
    userinfo_encrypted_response_alg: None = None
    request_object_signing_alg: None = None
    require_signed_request_object: Literal[False] = False
    dpop_bound_access_tokens: Literal[False] = False

    @property
    def native(self) -> bool:
        return self.application_type == "native"

    @property
    def confidential(self) -> bool:
        return self.token_endpoint_auth_method != "none"  # noqa: S105

    @property
    def interactive(self) -> bool:
        """Whether people come through it; otherwise it is a machine that speaks for itself."""
        return "authorization_code" in self.grant_types

    def answered(self) -> dict[str, Any]:
        """The registered metadata as RFC 7591 §3.2.1 answers it: defaults included, empty members left out."""
        return {name: value for name, value in self.model_dump().items() if value not in (None, [], False)}


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
    try:
        metadata = Metadata.model_validate(given)
    except ValidationError as error:
        found = {str(d["loc"][0]) if d["loc"] else "metadata": d["msg"] for d in error.errors()}
        raise Invalid(found, code="invalid_client_metadata") from None
    faults = dict(_faults(metadata))
    if faults:
        code = "invalid_redirect_uri" if set(faults) == {"redirect_uris"} else "invalid_client_metadata"
        raise Invalid(faults, code=code)
    return metadata


def not_understood(raw: Mapping[str, object]) -> list[str]:
    """The members of ``raw`` that registration leaves out."""
    return sorted(set(raw) - set(Metadata.model_fields))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _faults(m: Metadata) -> Iterator[tuple[str, str]]:
    for member, uris in (
        ("redirect_uris", m.redirect_uris),
        ("post_logout_redirect_uris", m.post_logout_redirect_uris),
    ):
        for uri in uris:
            if why := redirect_uris.fault(uri, native=m.native):
                yield member, f"{uri!a} {why}"
    for member in ("client_uri", "logo_uri", "policy_uri", "tos_uri", "sector_identifier_uri"):
        value = getattr(m, member)
        if value is not None and (why := redirect_uris.fault(value, native=False)):
            yield member, why
    yield from _flow_faults(m)
    yield from _scope_faults(m)


def _flow_faults(m: Metadata) -> Iterator[tuple[str, str]]:
    if not m.grant_types:
        yield "grant_types", "must name at least one"
    if m.interactive != ("code" in m.response_types):
        yield "response_types", "must be code with authorization_code and empty without (RFC 7591 §2.1)"
    if m.interactive and not m.redirect_uris:
        yield "redirect_uris", "must name at least one"
    if "refresh_token" in m.grant_types and not m.interactive:
        yield "grant_types", "refresh_token needs authorization_code"
    if "client_credentials" in m.grant_types and not m.confidential:
        yield "token_endpoint_auth_method", "client_credentials is for clients with a secret (RFC 6749 §4.4)"
    if m.native and m.confidential and m.interactive:
        yield "token_endpoint_auth_method", "a native application keeps no secret: none (RFC 8252 §8.5)"


def _scope_faults(m: Metadata) -> Iterator[tuple[str, str]]:
    names = scopes.split(m.scope)
    unknown = [name for name in names if not scopes.exists(name)]
    if unknown:
        yield "scope", f"there is no {', '.join(ascii(name) for name in unknown)}"
    elif not names:
        yield "scope", "must name at least one"
    elif m.interactive and not scopes.personal(names):
        yield "scope", "has nothing that a person could be asked for"
    elif "client_credentials" in m.grant_types and not scopes.machine(names):
        yield "scope", "has nothing that client_credentials could have"


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
