"""A certificate that an authority signed for the client's registered name (RFC 8705 §2.1).

The proxy checks the chain, at the handshake.
"""

from idp.clients import certificate
from idp.clients.method import Credentials, Method
from idp.clients.registered import RegisteredClient


def claims(credentials: Credentials) -> str | None:
    return credentials.form.get("client_id")


def proven(client: RegisteredClient | None, credentials: Credentials) -> bool:
    shown = certificate.shown(credentials.headers)
    return client is not None and shown is not None and shown.trusted and certificate.fits(shown, client.meta)


plugin = Method(name="tls_client_auth", claims=claims, proven=proven, implicit=True, offered=certificate.by_authority)
