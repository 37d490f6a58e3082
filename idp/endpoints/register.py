"""Dynamic client registration (RFC 7591 §3, OpenID Connect Registration §3), for those who were invited."""

from idp.endpoint import Endpoint
from idp.registration import register
from idp.registration.requests import answering, metadata, presented
from kernel.machine import Answer, Request, json_answer


def handle(request: Request) -> Answer:
    """Register the client that the JSON body describes."""
    return answering(request, lambda: json_answer(register.register(presented(request), metadata(request)), 201))


plugin = Endpoint(
    name="register",
    path="/register",
    member="registration_endpoint",
    handle=handle,
    methods=("POST",),
    cors=True,
)
