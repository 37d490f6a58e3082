"""Who registered ``require_pushed_authorization_requests``, as FAPI 2.0 demands (§5.3.2.2), sends nothing through the
browser but the handle (RFC 9126 §5).
"""

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    registered = draft.known_client.meta
    if (registered.require_pushed_authorization_requests or registered.fapi2) and not draft.pushed:
        raise InvalidRequestError("this client must push its requests to /par and send the request_uri from there")
