"""Where OpenID Connect clients look (OpenID Connect Discovery §4)."""

from idp import discovery
from idp.endpoint import Endpoint

plugin = Endpoint(name="discovery", path="/.well-known/openid-configuration", handle=discovery.answer, public=True)
