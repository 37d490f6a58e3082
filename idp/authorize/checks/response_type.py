"""Only the code flow (RFC 9700 §2.1.2), and only for clients that are registered for it."""

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, UnauthorizedClientError

from idp.authorize.request import Draft


class UnsupportedResponseType(OAuth2Error):  # type: ignore[misc]  # Authlib's own repeats what was sent
    error = "unsupported_response_type"
    description = "response_type must be code"


def check(draft: Draft) -> None:
    response_type = draft.get("response_type")
    if response_type is None:
        raise InvalidRequestError("response_type is required")
    if response_type != "code":
        raise UnsupportedResponseType
    if not draft.known_client.check_response_type(response_type):
        raise UnauthorizedClientError("the client is not registered for this response_type")
