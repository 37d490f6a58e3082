"""How long is measured, and the servers beside: shared by all measurements of one run."""

from dataclasses import dataclass
from typing import Final

from bench.figures import POSTGRESQL
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis

# Requests of one round behind a server: about a second each.
_FULL: Final = {"jwks": 10_000, "discovery": 10_000, "login": 40, "client_credentials": 3_000}
_OTHERS: Final = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    quick: bool
    rounds: int
    postgres: Postgres
    redis: Redis

    def requests(self, operation: str) -> int:
        """How many of this operation make one round behind a server."""
        full = _FULL.get(operation, _OTHERS)
        return max(full // 8, 10) if self.quick else full

    def calls(self, operation: str) -> int:
        """How many make one round inside the process."""
        few = operation in {"login", "Argon2id"}
        return (4 if self.quick else 15) if few else (100 if self.quick else 400)

    @property
    def families(self) -> tuple[int, int]:
        return (1_000, 30_000) if self.quick else (1_000, 1_000_000)

    @property
    def expired(self) -> int:
        return 10_000 if self.quick else 150_000

    def workers(self, name: str) -> int:
        """As docs/howto/production.md: several only where Redis holds what they share."""
        return 2 if name == POSTGRESQL else 1

    def redis_url(self, number: int) -> str:
        return f"redis://127.0.0.1:{self.redis.port}/{number}"

    @property
    def postgres_pid(self) -> int:
        return self.postgres._process.pid  # noqa: SLF001

    @property
    def redis_pid(self) -> int:
        return self.redis._process.pid  # noqa: SLF001

    def environ(self, database: str) -> dict[str, str]:
        """What an installation on PostgreSQL and Redis is told."""
        return {
            "DATABASE_URL": self.postgres.create(database),
            "REDIS_URL": self.redis_url(0),
            "CELERY_BROKER_URL": self.redis_url(1),
        }
