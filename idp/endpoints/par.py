"""Pushed authorization requests (RFC 9126): a client sends its request itself, and the browser brings only a handle."""

from collections.abc import Mapping
from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error

from idp.authorize import handles, order
from idp.authorize.request import Draft, PageFault, Refusal
from idp.client_request import client_endpoint, error_answer
from idp.clients.registered import RegisteredClient
from idp.endpoint import Endpoint
from idp.tokens import dpop
from kernel import clock
from kernel.machine import Answer, Request, json_answer

PATH: Final = "/par"
REPEATABLE: Final = frozenset({"resource"})  # RFC 8707 §2
_PROOFS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
_ON_A_PAGE: Final = {
    "redirect_uri_not_registered": "redirect_uri must be one of the registered ones, byte by byte",
    "request_too_large": "the request has too many or too long parameters",
    "invalid_request_object": "the request object cannot be read, and there is no redirect_uri beside it",
}
"""What a browser gets a page for, said to the developer of a client."""


def handle(request: Request) -> Answer:
    """Keep the authorization request of an authenticated client, checked as at ``/authorize`` (§2)."""
    try:
        # Judged before the client, whose assertion is then not spent on a nonce that was missing.
        proof = dpop.read(request.headers, method="POST", path=PATH)
    except OAuth2Error as error:
        return error_answer(error)

    def push(_request: Request, form: Mapping[str, str], client: RegisteredClient) -> Answer:
        if proof is not None:
            proof.serve(client)
        return _push(form, client, proof)

    return client_endpoint(push, joined=REPEATABLE)(request)


def _push(form: Mapping[str, str], client: RegisteredClient, proof: dpop.Proof | None) -> Answer:
    if "request_uri" in form:
        raise InvalidRequestError("request_uri cannot be pushed: send the parameters themselves (RFC 9126)")
    parameters = {name: [value] for name, value in form.items() if name not in _PROOFS}
    draft = Draft(
        parameters=parameters | {"client_id": [client.client_id]},
        started_at=clock.now(),
        pushed=True,
        proved_jkt=proof.jkt if proof is not None else None,
    )
    try:
        asked = order.checked(draft)
    except Refusal as refused:
        raise refused.error from None
    except PageFault as fault:
        raise InvalidRequestError(_ON_A_PAGE.get(fault.code, "the request cannot be used")) from None
    answer = {"request_uri": handles.keep(asked), "expires_in": handles.seconds()}
    return json_answer(answer, 201, (dpop.nonce_header(),) if proof is not None else ())


plugin = Endpoint(
    name="par",
    path=PATH,
    member="pushed_authorization_request_endpoint",
    metadata={"require_pushed_authorization_requests": False},
    handle=handle,
    methods=("POST",),
    cors=True,
)
