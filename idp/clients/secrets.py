"""Comparing a secret that a request brought."""

from typing import Final

from idp.clients.registered import RegisteredClient
from kernel import crypto

NOBODY: Final = crypto.digest("nobody has this secret")


def fit(client: RegisteredClient | None, secret: str) -> bool:
    """Whether it is one of the client's; for nobody it takes as long."""
    if client is None:
        crypto.same(crypto.digest(secret), NOBODY)
        return False
    return client.check_client_secret(secret)
