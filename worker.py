"""The Celery application: ``celery -A worker worker`` and ``celery -A worker beat``."""

from wiring.worker import create_worker

app = create_worker()
