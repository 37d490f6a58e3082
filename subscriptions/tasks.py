"""Periodic work of subscriptions. Both run from the database's state alone, so a lost message costs only time."""

from datetime import timedelta

from kernel.tasks import Periodic
from subscriptions.remind import remind_due
from subscriptions.send import send_due

# Rows are claimed one by one: two that run at once do no harm, so a killed one is made up for soon.
_EVERY, _LEASE = timedelta(seconds=5), timedelta(seconds=30)


def _remind() -> None:
    remind_due()


def _send() -> None:
    send_due()


PERIODIC = (
    Periodic(name="subscriptions.remind", every=_EVERY, run=_remind, lease=_LEASE),
    Periodic(name="subscriptions.send", every=_EVERY, run=_send, lease=_LEASE),
)
