"""A worker of its own process for ``test_outbox_killed``: URL, instance folder, then "publish" or "work"."""

import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from sqlalchemy import text

from kernel import db, outbox, settings

EVENTS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(outbox.Event):
    event_name: ClassVar[str] = "test.counted"
    number: int


def write_two(session, event):
    for half in ("first", "second"):
        session.execute(text("INSERT INTO test_killed (what) VALUES (:what)"), {"what": f"{half} {event.number}"})
        time.sleep(0.001)  # long enough to be killed between the two


def main(url, instance, mode):
    settings.load(settings.KernelSettings, environ={"KAPOK_DEMO": "1", "DATABASE_URL": url, "INSTANCE_DIR": instance})
    outbox.LEASE = timedelta(milliseconds=250)
    outbox.register([outbox.Handler(name="write-two", event=Counted, run=write_two)])
    if mode == "publish":
        for number in range(EVENTS):
            with db.transaction() as session:
                outbox.publish(session, Counted(number=number))
        return
    outbox.deliver_due(1)  # everything is connected; from here on each moment is inside a claim or a delivery
    print("ready", flush=True)
    while True:
        if not outbox.deliver_due():
            time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
