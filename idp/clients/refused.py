"""The one answer to a client that could not be authenticated."""

from authlib.oauth2.rfc6749 import InvalidClientError


class ClientRefused(InvalidClientError):  # type: ignore[misc]  # Authlib has no types
    """401 with a challenge that has a realm (RFC 7617 §2), whatever method was tried."""

    status_code = 401
    description = "client authentication failed: check client_id, the registered method and its secret or key"

    def get_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", 'Basic realm="clients", charset="UTF-8"')]
