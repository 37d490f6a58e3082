"""What FAPI 2.0 (Security Profile Final §5.3, §5.4) asks of a client's registration beyond everybody's rules."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from idp.clients import key_faults

if TYPE_CHECKING:
    from idp.clients.metadata import Metadata

ALGORITHMS: Final = ("PS256", "ES256", "EdDSA")
ALGORITHM_MEMBERS: Final = (
    *key_faults.SIGNED,
    "token_endpoint_auth_signing_alg",
    "request_object_signing_alg",
)


def of(m: "Metadata") -> Iterator[tuple[str, str]]:
    from idp.clients.metadata import BY_KEY

    if m.token_endpoint_auth_method not in BY_KEY:
        yield "token_endpoint_auth_method", f"must be one of {', '.join(sorted(BY_KEY))} (FAPI 2.0 §5.3.2.1)"
    if not m.require_pkce:
        yield "require_pkce", "cannot be off (FAPI 2.0 §5.3.2.2)"
    if m.redirects and not m.require_pushed_authorization_requests:
        yield "require_pushed_authorization_requests", "cannot be off (FAPI 2.0 §5.3.2.2)"
    if insecure := [ascii(uri) for uri in m.redirect_uris if urlsplit(uri).scheme != "https"]:
        yield "redirect_uris", f"{insecure[0]} must use https (FAPI 2.0 §5.3.2.2)"
    for member in ALGORITHM_MEMBERS:
        if getattr(m, member) == "RS256":
            yield member, f"must be one of {', '.join(ALGORITHMS)} (FAPI 2.0 §5.4.1)"
