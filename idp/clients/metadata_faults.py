"""What is wrong with a client's metadata as a whole: every faulty member with a clause on what to change, at once.

What needs the database (who else has this interface) stands in ``add``; what needs the web in ``add.check_sector``.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from idp import scopes
from idp.accounts import levels
from idp.clients import fapi_faults, key_faults, uri_faults

if TYPE_CHECKING:
    from idp.clients.metadata import Metadata

MOST_OF_A_NAME: Final = 200


def of(m: "Metadata") -> Iterator[tuple[str, str]]:
    yield from _name_faults(m)
    yield from uri_faults.of(m)
    yield from _flow_faults(m)
    yield from _public_faults(m)
    yield from _ciba_faults(m)
    yield from key_faults.of(m)
    yield from _scope_faults(m)
    yield from _detail_faults(m)
    if unknown := [ascii(acr) for acr in m.default_acr_values if acr not in levels.ACR]:
        yield "default_acr_values", f"has {', '.join(unknown)}; there are {', '.join(levels.ACR)}"
    if m.fapi2:
        yield from fapi_faults.of(m)


def _name_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    """What people read must not turn round or hide what stands beside it (U+202E and its like)."""
    named = {"client_name": m.client_name, "purpose": m.purpose, "legal_basis": m.legal_basis}
    named |= {name: value for name, value in m.localized.items() if name.startswith("client_name#")}
    for member, text in named.items():
        if text is not None and not text.replace("\u3000", " ").isprintable():
            yield member, "has a character that cannot be seen"
        if member.startswith("client_name#") and text is not None and len(text) > MOST_OF_A_NAME:
            yield member, f"must have at most {MOST_OF_A_NAME} characters"


def _flow_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    from idp.clients.method import methods  # both know clients, whose metadata this is
    from idp.grant import grants

    if not m.grant_types:
        yield "grant_types", "must name at least one"
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
    if m.native and m.has_secret and m.interactive:
        yield "token_endpoint_auth_method", "a native application keeps no secret: none (RFC 8252 §8.5)"


def _public_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    """What a client that cannot prove itself may not have."""
    from idp.clients.metadata import CIBA_GRANT, EXCHANGE_GRANT

    if m.confidential:
        return
    for grant, source in (
        ("client_credentials", "RFC 6749 §4.4"),
        (EXCHANGE_GRANT, "RFC 8693 §2.1"),
        (CIBA_GRANT, "CIBA §4"),
    ):
        if grant in m.grant_types:
            yield "token_endpoint_auth_method", f"{grant} is for those who prove themselves ({source})"
    if m.redirects and not m.require_pkce:
        yield "require_pkce", "a client without a secret or a key has nothing else that protects its codes (RFC 9700)"
    if m.introspects:
        yield "introspects", "is for those who prove themselves (RFC 7662 §2.1)"


def _ciba_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    from idp.clients.metadata import CIBA_GRANT

    if CIBA_GRANT not in m.grant_types:
        return
    if m.backchannel_token_delivery_mode is None:
        yield "backchannel_token_delivery_mode", "must be poll or ping (CIBA §4)"
    ping = m.backchannel_token_delivery_mode == "ping"  # noqa: S105  # the name of a mode
    if ping and m.backchannel_client_notification_endpoint is None:
        yield "backchannel_client_notification_endpoint", "is where we ping; without it use poll (CIBA §4)"


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


def _detail_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    if not m.authorization_details_types:
        return
    from idp import authorization_detail  # it knows clients, whose metadata this is

    known = authorization_detail.types()
    if unknown := [ascii(name) for name in m.authorization_details_types if name not in known]:
        offered = f"there are {', '.join(known)}" if known else "none is offered here"
        yield "authorization_details_types", f"has {', '.join(unknown)}; {offered} (RFC 9396 §10)"
