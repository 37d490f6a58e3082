"""Which client a request is from: one method per client, the same at every endpoint, and only one in a request.

Own functions instead of Authlib's: these decode the Basic header as a form (RFC 6749 §2.3.1), answer an unreadable one,
refuse two methods at once (§2.3), and take the same time for an unknown client as for a wrong secret.
"""

from collections.abc import Mapping

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.clients import registered
from idp.clients.method import Credentials, Method, methods
from idp.clients.refused import ClientRefused, NothingSent
from idp.clients.registered import RegisteredClient

__all__ = ["ClientRefused", "authenticate"]


def authenticate(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[RegisteredClient, str]:
    """The client and the method it used. Called outside a transaction: a method may fetch a client's keys.

    :raises ClientRefused: telling the log what was wrong, and the client only that it sent nothing at all.
    :raises InvalidRequestError: for more than one method, or another ``client_id`` beside it.
    """
    credentials = Credentials(headers=headers, form=form)
    client, method = _used(credentials)
    fits = client is not None and client.auth_method == method.name
    if not method.proven(client if fits else None, credentials) or client is None or not fits:
        raise ClientRefused(detail=_why(client, method))
    return client, method.name


def _used(credentials: Credentials) -> tuple[RegisteredClient | None, Method]:
    """Whose the request claims to be, and by which method."""
    named, offered = credentials.form.get("client_id"), methods()
    used = [
        (method, claimed)
        for method in offered.values()
        if not method.implicit and (claimed := method.claims(credentials)) is not None
    ]
    if len(used) > 1:
        raise InvalidRequestError("more than one client authentication method in one request")
    if used:
        method, claimed = used[0]
        if named is not None and named != claimed:
            raise InvalidRequestError("client_id is not the authenticated one")
        return registered.find(claimed), method
    client = registered.find(named)
    implicit = offered.get(client.auth_method) if client is not None else None
    if implicit is None or not implicit.implicit:
        raise NothingSent(detail=f"client_id {named[:80]!a}" if named is not None else "no client_id either")
    return client, implicit


def _why(client: RegisteredClient | None, method: Method) -> str:
    """For the operator whom a portal's developer asks."""
    if client is None:
        return f"{method.name} of a client that is not registered, or disabled"
    if client.auth_method != method.name:
        return f"client {client.client_id} came by {method.name} and is registered for {client.auth_method}"
    return f"client {client.client_id}: the proof of {method.name} does not fit"
