"""Refusals of the registration endpoints (RFC 7591 §3.2.2, RFC 6750 §3), each telling what to change."""

from kernel.answers import Answer, ascii_description, json_answer
from kernel.errors import AppError, Invalid

REALM = 'Bearer realm="registration"'


class RegistrationRefused(Exception):
    """``error`` is a code of RFC 7591 or RFC 6750; ``description`` says what to change."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        self.error = error
        self.description = ascii_description(description)
        self.status = status
        super().__init__(f"{error}: {self.description}")

    def answer(self) -> Answer:
        body = {"error": self.error, "error_description": self.description}
        if self.status != 401:
            return json_answer(body, self.status)
        challenge = f'{REALM}, error="{self.error}", error_description="{self.description}"'
        return json_answer(body, 401, (("WWW-Authenticate", challenge),))


def no_token() -> RegistrationRefused:
    return RegistrationRefused(
        "invalid_token", "ask the operator for an invitation and send it as a Bearer token", status=401
    )


def wrong_token() -> RegistrationRefused:
    """The same whether it is unknown, over or another's."""
    return RegistrationRefused(
        "invalid_token",
        "the registration access token is not that of this client: ask the operator for a new one",
        status=401,
    )


def spent_invitation() -> RegistrationRefused:
    """The same whether it is unknown, over, withdrawn or used up."""
    return RegistrationRefused(
        "invalid_token",
        "the invitation is unknown, used up, expired or withdrawn: ask the operator for a new invitation",
        status=401,
    )


def of_metadata(error: Invalid) -> RegistrationRefused:
    """The faults of the metadata, each with its member's name."""
    told = "; ".join(f"{member}: {why}" for member, why in error.fields.items()) or error.code
    code = error.code if error.code == "invalid_redirect_uri" else "invalid_client_metadata"
    return RegistrationRefused(code, told[:2000])


def of_reading(error: AppError) -> RegistrationRefused:
    """A body that is no JSON object."""
    return RegistrationRefused("invalid_client_metadata", f"the body must be a JSON object: {error.code}")
