"""Where clients look that know OAuth and not OpenID Connect (RFC 8414 §3)."""

from idp import discovery
from idp.endpoint import Endpoint

plugin = Endpoint(
    name="oauth_discovery",
    path="/.well-known/oauth-authorization-server",
    handle=discovery.answer,
    public=True,
)
