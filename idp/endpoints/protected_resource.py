"""What a client must know to use our own interfaces with tokens (RFC 9728): found from a challenge, or by the address
of the interface.
"""

import json
from functools import lru_cache

from idp import resource
from idp.endpoint import Endpoint
from idp.resource import Api
from idp.tokens import dpop, mint
from kernel.errors import NotFound
from kernel.machine import Answer, Request

HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "public, max-age=300"),
    ("X-Content-Type-Options", "nosniff"),
)


def document(api: Api | None) -> dict[str, object]:
    """The metadata of one interface; of None, of all our own together."""
    of = resource.apis() if api is None else (api,)
    return {
        "resource": mint.issuer() if api is None else resource.uri(api),
        "authorization_servers": [mint.issuer()],
        "scopes_supported": list(dict.fromkeys(scope for each in of for scope in each.scopes())),
        "bearer_methods_supported": ["header", "body"] if api is not None and api.by_form else ["header"],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "resource_name": api.name if api is not None else "Kapok",
    }


@lru_cache(maxsize=20)
def _bytes(issuer: str, api: Api | None) -> bytes:  # noqa: ARG001  # the issuer is in the document
    return json.dumps(document(api), separators=(",", ":")).encode()


def handle(request: Request) -> Answer:
    """The metadata of our interfaces (RFC 9728 §3)."""
    path = request.params.get("path")
    api = next((each for each in resource.apis() if each.path == f"/{path}"), None)
    if path is not None and api is None:
        raise NotFound
    return Answer(200, _bytes(mint.issuer(), api), HEADERS)


plugin = Endpoint(name="protected_resource", path=resource.METADATA, handle=handle, errors="problem", public=True)
