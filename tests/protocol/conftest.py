"""The composed application on both databases, a registered portal, and a person who has signed in."""

import itertools

import pytest
from flask import Flask
from joserfc.jwk import RSAKey

from idp.tokens.algorithms import RSA_BITS
from tests.protocol.parties import Op
from wiring.app import create_app


@pytest.fixture(scope="session")
def rsa_keys() -> list[RSAKey]:
    return [RSAKey.generate_key(RSA_BITS) for _ in range(4)]


@pytest.fixture(autouse=True)
def the_same_rsa_keys(rsa_keys: list[RSAKey], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every empty database gets the same RSA keys: real ones, but making one takes longer than a whole test."""
    turn = itertools.cycle(rsa_keys)
    monkeypatch.setattr(RSAKey, "generate_key", lambda _bits: next(turn))


@pytest.fixture
def app(database: str) -> Flask:
    return create_app()


@pytest.fixture
def op(app: Flask) -> Op:
    """The provider as a portal and a browser meet it."""
    return Op(app)
