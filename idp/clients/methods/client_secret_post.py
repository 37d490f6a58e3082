"""The secret in the form (RFC 6749 §2.3.1)."""

from idp.clients import secrets
from idp.clients.method import Credentials, Method
from idp.clients.registered import RegisteredClient


def claims(credentials: Credentials) -> str | None:
    return None if credentials.form.get("client_secret") is None else credentials.form.get("client_id", "")


def proven(client: RegisteredClient | None, credentials: Credentials) -> bool:
    return secrets.fit(client, credentials.form["client_secret"])


plugin = Method(name="client_secret_post", claims=claims, proven=proven)
