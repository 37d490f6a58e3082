"""A client's management of its own registration (RFC 7592 §2): to read it, to replace it, to end it."""

from idp.endpoint import Endpoint
from idp.registration import register
from idp.registration.requests import answering, metadata, presented
from kernel.machine import Answer, Request, json_answer


def handle(request: Request) -> Answer:
    """GET tells what is registered, PUT replaces all of it, DELETE ends the client and its tokens."""
    return answering(request, lambda: _done(request))


def _done(request: Request) -> Answer:
    client_id, token = request.params["client_id"], presented(request)
    if request.method == "PUT":
        return json_answer(register.replace(client_id, token, metadata(request)))
    if request.method == "DELETE":
        register.remove(client_id, token)
        return Answer(204, headers=(("Cache-Control", "no-store"),))
    return json_answer(register.read(client_id, token))


plugin = Endpoint(
    name="register_client",
    path="/register/<client_id>",
    handle=handle,
    methods=("GET", "PUT", "DELETE"),
    cors=True,
)
