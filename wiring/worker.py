"""The Celery application: ``celery -A worker worker`` and ``celery -A worker beat``.

A message carries nothing: what is due stands in the database, and every worker that wakes does all of it
(`kernel.tasks.tick`). Beat rings every few seconds, which is also the sweep for messages that were lost.
"""

import sys

from celery import Celery

from kernel import tasks
from kernel.settings import SettingsError
from kernel.tasks import TICK_SECONDS
from wiring import doorbell
from wiring.start import start


def create_worker() -> Celery:
    """The application of the environment's settings; ends the process with one line when these are not in order."""
    try:
        mine = start()
    except SettingsError as fault:
        sys.exit(f"kapok: {fault}")
    if mine.celery_broker_url is None:
        sys.exit("kapok: CELERY_BROKER_URL is not set: without a broker the web process does this work itself")
    app = doorbell.application(mine.celery_broker_url)
    app.conf.beat_schedule = {
        "tick": {
            "task": doorbell.TICK,
            "schedule": TICK_SECONDS,
            "options": {"expires": doorbell.EXPIRES},
        }
    }
    app.conf.beat_schedule_filename = str(mine.instance_dir / "celerybeat-schedule")
    mine.instance_dir.mkdir(parents=True, exist_ok=True)
    app.task(name=doorbell.TICK)(_tick)
    doorbell.install(mine.celery_broker_url)
    return app


def _tick() -> None:
    tasks.tick()
