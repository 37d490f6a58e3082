"""What may be registered over HTTP, where nobody looks at it before it counts.

An operator's file may hold every member; a request may not hold those of ``metadata.OPERATORS``, nor more scopes and
grants than its invitation names, nor what would give it the names by which others know people.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from idp import scopes
from idp.clients import metadata, redirect_uris
from idp.clients.metadata import DEFAULT_SCOPE, OPERATORS, PEOPLE, Metadata
from kernel.errors import Invalid

GRANTS: Final = ("authorization_code", "refresh_token", "client_credentials")
OURS: Final = frozenset({"client_id", "client_secret"})
"""What a client may send back to us when it manages itself (RFC 7592 §2.2)."""
BY_REGISTERED_KEY: Final = ("private_key_jwt", "self_signed_tls_client_auth")
_DEFAULTS: Final = {name: field.default for name, field in Metadata.model_fields.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an invitation lets its clients be.

    ``scope``: the most they may have, and all of it for one that does not say. ``grants``: beside ``GRANTS``.
    ``without_pkce``: they need send no challenge. ``fapi2``: they keep every rule of FAPI 2.0. ``internal``: what they
    register may be called inside EGRESS_ALLOWED_NETWORKS.
    """

    scope: str = DEFAULT_SCOPE
    grants: tuple[str, ...] = ()
    without_pkce: bool = False
    fapi2: bool = False
    internal: bool = False

    def kept(self) -> dict[str, Any]:
        return asdict(self) | {"grants": list(self.grants)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Policy":
        return cls(**{**kept, "grants": tuple(kept["grants"])})


def first(raw: Mapping[str, Any], policy: Policy) -> Metadata:
    """The metadata of a new client. :raises Invalid: with one line for each faulty member."""
    granted = {"require_pkce": False} if policy.without_pkce else {}
    granted |= {"internal_network": True} if policy.internal else {}
    given = _operators_kept_out(raw, granted)
    if policy.fapi2:
        given.setdefault("security_profile", "fapi2")
    _profile_kept(given, fapi2=policy.fapi2)
    return _checked(given, scope=policy.scope, grants=(*GRANTS, *policy.grants))


def again(raw: Mapping[str, Any], now: Metadata) -> Metadata:
    """The metadata of a client that replaces what it registered, ``now``; it never gets more rights than it has.

    :raises Invalid: with one line for each faulty member.
    """
    granted = {name: value for name in OPERATORS if (value := getattr(now, name)) != _DEFAULTS[name]}
    given = _operators_kept_out(raw, granted)
    _profile_kept(given, fapi2=now.fapi2)
    if now.fapi2:
        given.setdefault("security_profile", "fapi2")
    return _checked(given, scope=now.scope, grants=(*GRANTS, *now.grant_types))


def _operators_kept_out(raw: Mapping[str, Any], granted: Mapping[str, Any]) -> dict[str, Any]:
    """``raw`` with the operator's members as they were granted. Sending one back as it is harms nobody."""
    faults = {
        name: "is set by the operator alone; leave it out"
        for name in sorted(OPERATORS & raw.keys())
        if raw[name] is not None and not _same(raw[name], granted.get(name, _DEFAULTS[name]))
    }
    if faults:
        raise Invalid(faults, code="invalid_client_metadata")
    return {name: value for name, value in raw.items() if name not in OPERATORS} | dict(granted)


def _same(a: object, b: object) -> bool:
    return type(a) is type(b) and a == b  # 1 is not true


def _profile_kept(given: Mapping[str, Any], *, fapi2: bool) -> None:
    if fapi2 and given.get("security_profile", "fapi2") != "fapi2":
        raise Invalid({"security_profile": "must stay fapi2"}, code="invalid_client_metadata")


def _checked(given: dict[str, Any], *, scope: str, grants: tuple[str, ...]) -> Metadata:
    if given.get("security_profile") != "fapi2":
        given.setdefault("id_token_signed_response_alg", "RS256")  # OpenID Connect Registration §2
    given.setdefault("scope", _default_scope(given.get("grant_types"), scope))
    m = metadata.validate(given)
    faults: dict[str, str] = {}
    if beyond := [name for name in scopes.split(m.scope) if name not in scopes.split(scope)]:
        faults["scope"] = f"may have {scope}; ask the operator for {' '.join(beyond)}"
    if more := [ascii(name) for name in m.grant_types if name not in grants]:
        faults["grant_types"] = f"may have {', '.join(grants)}; ask the operator for {', '.join(more)}"
    faults |= _sector_faults(m)
    if faults:
        raise Invalid(faults, code="invalid_client_metadata")
    return m


def _default_scope(grant_types: object, scope: str) -> str:
    """All that the client may have and that its grants can give."""
    names = scopes.split(scope)
    asked = grant_types if isinstance(grant_types, list) else ["authorization_code"]
    people = any(grant in PEOPLE for grant in asked if isinstance(grant, str))
    fitting = scopes.personal(names) if people else scopes.machine(names)
    if people and "client_credentials" in asked:
        fitting |= scopes.machine(names)
    return " ".join(name for name in names if name in fitting)


def _sector_faults(m: Metadata) -> dict[str, str]:
    """Whose names for people it gets must be shown by whoever has them (OpenID Connect Core §8.1)."""
    if m.subject_type != "pairwise":
        return {}
    # People come through these without a redirect, so the host of one shows nothing.
    unredirected = bool((PEOPLE - {"authorization_code"}) & set(m.grant_types))
    if m.sector_identifier_uri is not None:
        if unredirected and (m.jwks_uri is None or m.token_endpoint_auth_method not in BY_REGISTERED_KEY):
            # Its list is public, and the addresses in it too: only a key shows that this client is of those.
            why = f"needs a client of this grant to have {' or '.join(BY_REGISTERED_KEY)} and its jwks_uri in the list"
            return {"sector_identifier_uri": f"{why} (CIBA §4)"}
        return {}
    if len({redirect_uris.origin(uri)[1] for uri in m.redirect_uris}) > 1:
        return {"sector_identifier_uri": "is needed: redirect_uris have several hosts (OpenID Connect Core §8.1)"}
    if unredirected and m.redirect_uris:
        return {"sector_identifier_uri": "is needed: by this grant people come without a redirect to that host"}
    return {}
