"""The token endpoint (RFC 6749 §3.2)."""

from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authlib_server import server
from idp.clients import signed
from idp.clients.method import methods
from idp.endpoint import Endpoint
from kernel.machine import Answer, Request, json_answer

JOINED: Final = frozenset({"resource", "audience"})  # may be repeated (RFC 8707 §2, RFC 8693 §2.1)


def handle(request: Request) -> Answer:
    """Parameters are taken from the form alone: those of an address end up in logs (RFC 6749 §2.3.1, §3.2)."""
    if request.environ.get("QUERY_STRING"):
        status, body, _ = InvalidRequestError("parameters belong in the form, not in the address")()
        return json_answer(body, status)
    return server().issue(request.form(joined=JOINED), request.headers)


plugin = Endpoint(
    name="token",
    path="/token",
    member="token_endpoint",
    metadata=lambda: {
        "token_endpoint_auth_methods_supported": list(methods()),
        "token_endpoint_auth_signing_alg_values_supported": list(signed.ALGORITHMS),
        "dpop_signing_alg_values_supported": list(signed.ALGORITHMS),
    },
    handle=handle,
    methods=("POST",),
    cors=True,
)
