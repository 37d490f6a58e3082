"""What the endpoints have in common that a client calls in its own name: parameters from the form alone, its
authentication, errors in the form of RFC 6749 §5.2.
"""

from collections.abc import Callable, Collection, Mapping

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.clients import authentication
from idp.clients.registered import RegisteredClient
from kernel import context, log
from kernel.machine import Answer, Request, json_answer

_logger = log.get("idp.refused")
_EVERYDAY = frozenset({"authorization_pending", "slow_down", "use_dpop_nonce"})

Handler = Callable[[Request, Mapping[str, str], RegisteredClient], Answer]


def client_endpoint(handle: Handler, *, joined: Collection[str] = ()) -> Callable[[Request], Answer]:
    """``handle`` behind the authentication of its client; it may raise ``OAuth2Error``.

    ``joined``: parameters that may be repeated; it gets their values with spaces between.
    """

    def answer(request: Request) -> Answer:
        client = None
        try:
            if request.environ.get("QUERY_STRING"):
                # Those of an address end up in logs (RFC 6749 §2.3.1, §3.2).
                raise InvalidRequestError("parameters belong in the form, not in the address")
            form = request.form(joined=joined)
            client, _method = authentication.authenticate(request.headers, form)
            with context.bind(client_id=client.client_id):
                return handle(request, form, client)
        except OAuth2Error as error:
            return error_answer(error, client)

    answer.__doc__ = handle.__doc__
    return answer


def error_answer(error: OAuth2Error, client: RegisteredClient | None = None) -> Answer:
    """Authlib's error as our answer."""
    note(error, client)
    status, body, headers = error()
    shown = tuple((n, v) for n, v in headers if n not in {"Content-Type", "Cache-Control", "Pragma"})
    return json_answer(body, status, shown)


def note(error: OAuth2Error, client: RegisteredClient | None) -> None:
    """A line for the operator whom the client's developer asks, found by the request id."""
    if error.error in _EVERYDAY:
        return
    _logger.info(
        "refused",
        error=error.error,
        description=error.get_error_description(),
        detail=getattr(error, "detail", ""),
        client_id=client.client_id if client is not None else None,
    )
