"""Real servers, a fresh database for each test on both databases, settings, the clock.

Each pytest worker starts its own servers, when a test first asks for them; the kernel ends them with the worker.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import structlog
from structlog.dev import plain_traceback

from kernel import clock, db, keyvalue, migrate, outbox, settings, tasks
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis
from tests.servers.smtp import Smtp

SECRETS = {
    "SECRET_KEY": "Zt4m9QxW2vLk7RbN8sYc3HfJ6gDpUaEi",
    "ENCRYPTION_KEYS": "k1:3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8=",
    "BLIND_INDEX_KEY": "Pd8uXk2LmV5yTq9ZrB3nWc7HsJ4gFaEo",
}

LoadSettings = Callable[..., settings.KernelSettings]


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance")


@pytest.fixture
def load_settings(instance: Path) -> LoadSettings:
    """Load settings anew: ``load_settings(TRUSTED_HOPS="1")`` over those of every test; None removes a variable."""

    def load(**changes: str | None) -> settings.KernelSettings:
        environ: dict[str, str | None] = {"KAPOK_DEMO": "1", "INSTANCE_DIR": str(instance), **SECRETS, **changes}
        settings.load(
            settings.KernelSettings, environ={name: value for name, value in environ.items() if value is not None}
        )
        return settings.of(settings.KernelSettings)

    return load


@pytest.fixture(autouse=True)
def fresh_process(load_settings: LoadSettings) -> Iterator[None]:
    """What a process holds is as at its start: settings, key-value store, registered handlers and tasks."""
    load_settings()
    keyvalue.configure(None)
    # The default renderer prints the locals of every frame: slow, and beside the point.
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.dev.ConsoleRenderer(exception_formatter=plain_traceback)]
    )
    handlers, periodics = dict(outbox._handlers), dict(tasks._periodics)
    yield
    tasks.install_ring(None)
    for registry, before in ((outbox._handlers, handlers), (tasks._periodics, periodics)):
        registry.clear()
        registry.update(before)  # type: ignore[arg-type]


class FrozenClock:
    """Stands at a Wednesday morning, 10:00 in Guangdong, until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)

    def advance(self, step: timedelta | None = None, **parts: float) -> None:
        """``advance(days=3)`` or ``advance(timedelta(…))``."""
        self.now += step if step is not None else timedelta(**parts)

    def set(self, instant: datetime) -> None:
        self.now = instant.astimezone(UTC)


@pytest.fixture
def frozen_clock() -> Iterator[FrozenClock]:
    frozen = FrozenClock()
    with clock.use(lambda: frozen.now):
        yield frozen


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.remove()


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def smtp_server() -> Iterator[Smtp]:
    server = Smtp()
    yield server
    server.stop()


@pytest.fixture
def smtp(smtp_server: Smtp) -> Smtp:
    smtp_server.clear()
    return smtp_server


def _create_schema(url: str) -> None:
    migrate.import_models()
    db.configure(url)
    db.Base.metadata.create_all(db.engine())
    db.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _create_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_schema(postgres: Postgres) -> str:
    url = postgres.create("kapok")
    _create_schema(url)
    return url


def _empty(url: str) -> None:
    """Delete all rows. As a replica, so that neither foreign keys nor the append-only triggers stand in the way."""
    tables = "".join(f'DELETE FROM "{table.name}";' for table in db.Base.metadata.sorted_tables)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica;" + tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, load_settings: LoadSettings) -> Iterator[str]:
    """The URL of an empty database with every table; ``kernel.db`` is configured for it."""
    if request.param == "sqlite":
        path = tmp_path / "kapok.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_schema")
        _empty(url)
    load_settings(DATABASE_URL=url)
    db.configure(url)
    yield url
    db.dispose()
