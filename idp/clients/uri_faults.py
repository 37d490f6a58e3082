"""What is wrong with the addresses in a client's metadata."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from idp.clients import redirect_uris

if TYPE_CHECKING:
    from idp.clients.metadata import Metadata

SHOWN = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
"""People follow these."""
OPENED = ("initiate_login_uri", "frontchannel_logout_uri")
"""We send browsers there."""
CALLED = ("sector_identifier_uri", "jwks_uri", "backchannel_logout_uri", "backchannel_client_notification_endpoint")
"""We call these ourselves, through ``kernel.http`` alone."""


def of(m: "Metadata") -> Iterator[tuple[str, str]]:
    for member in ("redirect_uris", "post_logout_redirect_uris"):
        for uri in getattr(m, member):
            if why := redirect_uris.fault(uri, native=m.native):
                yield member, f"{uri!a} {why}"
    for uri in m.request_uris:
        if why := redirect_uris.web_fault(uri.partition("#")[0]):  # a fragment names the content (Core §6.2)
            yield "request_uris", f"{uri!a} {why}"
    for member in (*SHOWN, *OPENED, *CALLED):
        value = getattr(m, member)
        native = member in OPENED and m.native
        if value is not None and (why := redirect_uris.web_fault(value, native=native)):
            yield member, why
    for name, value in m.localized.items():
        if not name.startswith("client_name#") and (why := redirect_uris.web_fault(value)):
            yield name, why
    yield from _origin_faults(m)
    yield from _resource_faults(m)


def _origin_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    uri = m.frontchannel_logout_uri
    if uri is None or redirect_uris.web_fault(uri, native=m.native):
        return
    good = [each for each in m.redirect_uris if not redirect_uris.fault(each, native=m.native)]
    if redirect_uris.origin(uri) not in {redirect_uris.origin(each) for each in good}:
        yield (
            "frontchannel_logout_uri",
            "must have scheme, host and port of one of redirect_uris (OpenID Connect Front-Channel Logout §2)",
        )


def _resource_faults(m: "Metadata") -> Iterator[tuple[str, str]]:
    if not m.resource_uris:
        return
    from idp import resource  # it knows clients, whose metadata this is
    from idp.tokens import mint

    for uri in m.resource_uris:
        if why := resource.fault(uri):
            yield "resource_uris", f"{uri!a} {why}"
        elif f"{uri}/".startswith(f"{mint.issuer()}/"):
            yield "resource_uris", f"{uri!a} is an interface of this server itself"
