"""What is wrong with a client's metadata as a whole: one line for each faulty member, all of them at once."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from idp import scopes
from idp.clients import redirect_uris

if TYPE_CHECKING:
    from idp.clients.metadata import Metadata


def of(m: "Metadata") -> Iterator[tuple[str, str]]:
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


def _flow_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    if not m.grant_types:
        yield "grant_types", "must name at least one"
    from idp.clients.method import methods  # both know clients, whose metadata this is
    from idp.grant import grants

    if unknown := sorted(set(m.grant_types) - set(grants())):
        yield "grant_types", f"has {', '.join(ascii(name) for name in unknown)}, which is not offered"
    if m.token_endpoint_auth_method not in methods():
        yield "token_endpoint_auth_method", f"must be one of {', '.join(methods())}"
    if m.redirects != ("code" in m.response_types):
        yield "response_types", "must be code with authorization_code and empty without (RFC 7591 §2.1)"
    if m.redirects and not m.redirect_uris:
        yield "redirect_uris", "must name at least one"
    if "refresh_token" in m.grant_types and not m.interactive:
        yield "grant_types", "refresh_token needs a grant by which a person comes, authorization_code for one"
    if "client_credentials" in m.grant_types and not m.confidential:
        yield (
            "token_endpoint_auth_method",
            "client_credentials is for those who prove themselves (RFC 6749 §4.4)",
        )
    if m.native and m.has_secret and m.interactive:
        yield "token_endpoint_auth_method", "a native application keeps no secret: none (RFC 8252 §8.5)"


def _scope_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
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
