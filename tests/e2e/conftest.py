"""One browser, and one running demonstration of each arrangement, for a worker's tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import launch
from tests.servers.demo import Demo
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launch() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def embedded() -> Iterator[Demo]:
    """On SQLite, with the worker inside the web process."""
    running = Demo()
    yield running
    running.remove()


@pytest.fixture(scope="session")
def production(postgres: Postgres) -> Iterator[Demo]:
    """On PostgreSQL and Redis, with two web processes, two workers and beat."""
    redis = Redis()
    running = Demo(
        DATABASE_URL=postgres.create("journeys"),
        REDIS_URL=redis.url,
        CELERY_BROKER_URL=redis.url.removesuffix("/0") + "/1",
    )
    yield running
    running.remove()
    redis.remove()
