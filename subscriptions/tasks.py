"""Periodic work of subscriptions. Both run from the database's state alone, so a lost message costs only time."""

from datetime import timedelta

from kernel.tasks import Periodic
from subscriptions.remind import remind_due
from subscriptions.send import send_due

PERIODIC = (
    Periodic(name="subscriptions.remind", every=timedelta(seconds=20), run=lambda: _ignore(remind_due())),
    Periodic(name="subscriptions.send", every=timedelta(seconds=5), run=lambda: _ignore(send_due())),
)


def _ignore(_count: int) -> None:
    """The count is for tests and commands; a periodic task has nobody to tell."""
