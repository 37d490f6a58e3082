"""The composed application on both databases, and the cities of the sign-in's tests."""

from collections.abc import Callable
from functools import cache

import pytest
from flask import Flask

from connectors import breaker, sources
from idp.factors.password import gate
from tests.flows.people import Browser, Cities
from wiring.app import create_app
from wiring.start import connect

# One for all tests: it holds nothing but routes and compiled templates.
_made = cache(create_app)


@pytest.fixture
def app(database: str) -> Flask:
    gate.cache_clear()
    made = _made()
    connect()
    return made


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def new_browser(app: Flask) -> Callable[..., Browser]:
    """Another browser: ``new_browser(address)``."""
    return lambda *address: Browser(app, *address)


@pytest.fixture
def cities(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Cities:
    made = Cities(app)
    kinds = {**sources.kinds(), "told": made.kind()}
    monkeypatch.setattr(sources, "kinds", lambda: kinds)
    breaker.forget()
    return made
