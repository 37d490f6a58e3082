"""The public keys (RFC 7517 §5). Kept by clients for a while: keys are published a day before they sign."""

from idp.endpoint import Endpoint
from idp.tokens import keys
from kernel.machine import Answer, Request

HEADERS = (
    ("Content-Type", "application/jwk-set+json"),
    ("Cache-Control", "public, max-age=300"),
    ("X-Content-Type-Options", "nosniff"),
)


def handle(request: Request) -> Answer:  # noqa: ARG001  # the same for everybody
    return Answer(200, keys.ring().jwks, HEADERS)


plugin = Endpoint(name="jwks", path="/jwks", member="jwks_uri", handle=handle, public=True)
