"""The bell between web processes and Celery's workers: a message that says "look into the database", nothing more."""

import time
from typing import TYPE_CHECKING

from kernel import tasks

if TYPE_CHECKING:
    from celery import Celery

TICK = "kapok.tick"
EXPIRES = 30
"""Seconds after which an unheard message is dropped: the sweep has come by then."""
SILENCE = 10
"""Seconds without a try after a ring that failed."""


def application(broker_url: str) -> "Celery":
    """A Celery application with the connection's limits: a broker that is away must not hold a request."""
    # Celery costs 240 ms and 15 MB: a process that never rings does not load it.
    from celery import Celery

    app = Celery("kapok", broker=broker_url)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "socket_timeout": 2,
            "socket_connect_timeout": 1,
            "visibility_timeout": 600,
            # Of one connection attempt; workers try again by broker_connection_retry.
            "max_retries": 0,
            "interval_start": 0,
            "interval_step": 0,
        },
        task_publish_retry=False,
        timezone="UTC",
    )
    return app


def install(broker_url: str) -> None:
    """Let this process ring Celery's workers."""
    tasks.install_ring(_Bell(broker_url).ring)


class _Bell:
    """Rings, and is silent for a while after a ring that failed: requests must not wait for a broker that is away."""

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self._celery: Celery | None = None
        self._silent_until = 0.0

    def ring(self) -> None:
        if time.monotonic() < self._silent_until:
            return
        if self._celery is None:
            self._celery = application(self._broker_url)
        try:
            self._celery.send_task(TICK, expires=EXPIRES, retry=False)
        except Exception:
            self._silent_until = time.monotonic() + SILENCE
            raise
