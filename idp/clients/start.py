"""Third-party-initiated login (OpenID Connect Core §4): the address at a portal that begins a sign-in with us there."""

from urllib.parse import urlencode

from idp.clients.metadata import Metadata
from idp.tokens import mint


def start_url(meta: Metadata, target: str | None = None) -> str | None:
    """The portal's registered ``initiate_login_uri``, its own query untouched, with ``iss``; None without one.

    ``target`` is the portal's page to end at. It is the portal that decides whether to believe it.
    """
    if meta.initiate_login_uri is None:
        return None
    told = {"iss": mint.issuer()} | ({"target_link_uri": target} if target is not None else {})
    return f"{meta.initiate_login_uri}{'&' if '?' in meta.initiate_login_uri else '?'}{urlencode(told)}"
