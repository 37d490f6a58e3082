"""The device authorization endpoint (RFC 8628 §3.1): a code for the device, a code for the person."""

from collections.abc import Mapping
from urllib.parse import urlencode

from idp import resource
from idp.client_request import client_endpoint
from idp.clients.metadata import DEVICE_GRANT
from idp.clients.registered import RegisteredClient
from idp.cross_device import begin
from idp.endpoint import Endpoint
from idp.login import attempts
from idp.models.cross_device import DEVICE
from idp.tokens import mint
from kernel import clock, limits
from kernel.db import transaction
from kernel.errors import TooMany
from kernel.machine import Answer, Request, json_answer

PAGE = "/device"
MOST_A_MINUTE = 30


def handle(request: Request, form: Mapping[str, str], client: RegisteredClient) -> Answer:
    """Begin a request. Anybody can be a public client, so one address may begin only so many a minute."""
    scope = begin.scope_of(client, DEVICE_GRANT, form.get("scope"))
    resources = resource.asked(client, form.get("resource"))
    if not limits.allow(f"device:{attempts.network(request.address)}", limit=MOST_A_MINUTE, window_seconds=60):
        raise TooMany("too_many_device_requests", retry_after=60)
    asked = {"scope": " ".join(sorted(scope)), "resources": list(resources), "address": request.address}
    with transaction() as db:
        begun = begin.write(db, client, kind=DEVICE, asked=asked, with_user_code=True)
    assert begun.user_code is not None
    code, page = begin.shown(begun.user_code), mint.issuer() + PAGE
    return json_answer(
        {
            "device_code": begun.secret,
            "user_code": code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'user_code': code})}",
            "expires_in": int((begun.expires_at - clock.now()).total_seconds()),
            "interval": begin.POLL_SECONDS,
        }
    )


plugin = Endpoint(
    name="device_authorization",
    path="/device_authorization",
    member="device_authorization_endpoint",
    handle=client_endpoint(handle, joined={"resource"}),
    methods=("POST",),
    cors=True,
)
