"""Public clients, which could keep no secret: they say who they are, and PKCE protects what they get."""

from idp.clients.method import Credentials, Method
from idp.clients.registered import RegisteredClient


def claims(credentials: Credentials) -> str | None:
    return credentials.form.get("client_id")


def proven(client: RegisteredClient | None, credentials: Credentials) -> bool:  # noqa: ARG001  # nothing to prove by
    return client is not None


plugin = Method(name="none", claims=claims, proven=proven, implicit=True)
