"""The composed application on both databases, a registered portal, and a person who has signed in."""

import pytest
from flask import Flask
from joserfc.jwk import RSAKey

from idp.tokens import keys
from tests.protocol.parties import Op
from wiring.app import create_app


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(keys.RSA_BITS)


@pytest.fixture(autouse=True)
def one_rsa_key(rsa_key: RSAKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every empty database gets the same RSA key: a real one, but making one takes longer than a whole test."""
    monkeypatch.setattr(RSAKey, "generate_key", lambda _bits: rsa_key)


@pytest.fixture
def app(database: str) -> Flask:
    return create_app()


@pytest.fixture
def op(app: Flask) -> Op:
    """The provider as a portal and a browser meet it."""
    return Op(app)
