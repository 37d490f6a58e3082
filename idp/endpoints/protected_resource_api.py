"""The same for one interface, at the address that its path makes (RFC 9728 §3.1)."""

from idp import resource
from idp.endpoint import Endpoint
from idp.endpoints.protected_resource import handle

plugin = Endpoint(
    name="protected_resource_api",
    path=f"{resource.METADATA}/<path:path>",
    handle=handle,
    errors="problem",
    public=True,
)
