"""The backchannel authentication endpoint (OpenID Connect CIBA Core §7): a client asks a person who is not at it."""

from collections.abc import Mapping

from authlib.oauth2.rfc6749 import UnauthorizedClientError

from idp import resource
from idp.client_request import client_endpoint
from idp.clients.metadata import CIBA_GRANT
from idp.clients.method import methods
from idp.clients.registered import RegisteredClient
from idp.cross_device import ask, begin
from idp.endpoint import Endpoint
from idp.events import ApprovalAsked
from idp.models.cross_device import CIBA
from kernel import audit, clock, limits, outbox
from kernel.db import transaction
from kernel.errors import TooMany
from kernel.machine import Answer, Request, json_answer

MOST_AN_HOUR = 20  # for one person by one client: who asks until somebody gives in is no portal
MOST_MISSES = 30  # an hour by one client: hints that name nobody; who tries out names learns no more, of anybody


def handle(request: Request, form: Mapping[str, str], client: RegisteredClient) -> Answer:  # noqa: ARG001
    """Begin a request and tell the person, who finds it among the approvals."""
    if not client.meta.confidential:
        raise UnauthorizedClientError("backchannel authentication is for clients that prove themselves")
    scope = begin.scope_of(client, CIBA_GRANT, form.get("scope"))
    wish = ask.read(client, scope, form)
    asked = {
        "scope": " ".join(sorted(scope)),
        "resources": list(resource.asked(client, form.get("resource"))),
        "acr_values": form.get("acr_values", "")[:200],
    }
    guesses = f"ciba-missed:{client.client_id}"
    if limits.reached(guesses, limit=MOST_MISSES):
        raise TooMany("too_many_unknown_people", retry_after=3600)
    with transaction() as db:
        try:
            account = ask.person(db, client, wish.hint)
        except ask.UnknownUserId:
            limits.allow(guesses, limit=MOST_MISSES, window_seconds=3600)
            raise
        if not limits.allow(f"ciba:{client.client_id}:{account.id}", limit=MOST_AN_HOUR, window_seconds=3600):
            raise TooMany("too_many_approvals_asked", retry_after=3600)
        begun = begin.write(
            db,
            client,
            kind=CIBA,
            asked=asked,
            life=wish.life or begin.LIFE,
            account_id=account.id,
            binding_message=wish.message,
        )
        begin.remember_ping(db, begun, wish.ping_token)
        audit.record(db, "approval.asked", subject=begun.id, details={"account": account.id})
        told = ApprovalAsked(
            request_id=begun.id,
            account_id=account.id,
            portal=client.name,
            ends=begun.expires_at,
            message=wish.message,
        )
        outbox.publish(db, told)
    answer = {"auth_req_id": begun.secret, "expires_in": int((begun.expires_at - clock.now()).total_seconds())}
    return json_answer(answer | {"interval": begin.POLL_SECONDS})


plugin = Endpoint(
    name="bc_authorize",
    path="/bc-authorize",
    member="backchannel_authentication_endpoint",
    metadata=lambda: {
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_user_code_parameter_supported": False,
        "backchannel_authentication_endpoint_auth_methods_supported": [m for m in methods() if m != "none"],
    },
    handle=client_endpoint(handle, joined={"resource"}),
    methods=("POST",),
)
