"""Whether this process lives, and whether it can serve: for load balancers, supervisors and ``make run``."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import text

from kernel import db, keyvalue, log, tasks
from kernel.machine import Answer, Endpoint, Request, json_answer

_ALIVE: Final = json_answer({"status": "alive"})
_logger = log.get("kernel.health")


def _database() -> None:
    with db.reading() as reading:
        reading.execute(text("SELECT 1"))


def _key_value_store() -> None:
    keyvalue.store().ping()


def _worker() -> None:
    if not tasks.worker_alive():
        raise RuntimeError("no sign of life in the last minute")


CHECKS: Final[dict[str, Callable[[], None]]] = {
    "database": _database,
    "key_value_store": _key_value_store,
    "worker": _worker,
}


def _healthz(_request: Request) -> Answer:
    return _ALIVE


def _readyz(_request: Request) -> Answer:
    """200 when all is there; 503 naming what is not. The reason is in the log: this address is open to everybody."""
    missing = []
    for name, check in CHECKS.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001  whatever it is, this part is not ready
            _logger.warning("not ready", part=name, reason=f"{type(error).__name__}: {error}")
            missing.append(name)
    parts = {name: "missing" if name in missing else "ok" for name in CHECKS}
    return json_answer({"status": "not ready" if missing else "ready", "parts": parts}, 503 if missing else 200)


ENDPOINTS: Final = (
    Endpoint(path="/healthz", handle=_healthz, public=True),
    Endpoint(path="/readyz", handle=_readyz),
)
