"""The one answer to a client that could not be authenticated."""

from authlib.oauth2.rfc6749 import InvalidClientError


class ClientRefused(InvalidClientError):  # type: ignore[misc]  # Authlib has no types
    """401 with a challenge that has a realm (RFC 7617 §2), whatever method was tried. ``detail`` is for the log."""

    status_code = 401
    description = "client authentication failed: check client_id, the registered method and its secret or key"

    def __init__(self, description: str | None = None, *, detail: str = "") -> None:
        super().__init__(description)
        self.detail = detail

    def get_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", 'Basic realm="clients", charset="UTF-8"')]


class NothingSent(ClientRefused):
    """The same for every ``client_id`` that is not a public client's: who sent nothing has guessed nothing."""

    description = (
        "no client authentication was sent: send the registered secret or key; a client_id alone is for public clients"
    )
