"""The bell between web processes and Celery's workers: a message that says "look into the database",
nothing more.
"""

from typing import TYPE_CHECKING

from kernel import tasks

if TYPE_CHECKING:
    from celery import Celery

TICK = "kapok.tick"
EXPIRES = 30
"""Seconds after which an unheard message is dropped: the sweep has come by then."""


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
            "socket_connect_timeout": 2,
            "visibility_timeout": 600,
        },
        task_publish_retry=False,
        timezone="UTC",
    )
    return app


def install(broker_url: str) -> None:
    """Let this process ring Celery's workers."""
    loaded: list[Celery] = []

    def ring() -> None:
        if not loaded:
            loaded.append(application(broker_url))
        loaded[0].send_task(TICK, expires=EXPIRES)

    tasks.install_ring(ring)
