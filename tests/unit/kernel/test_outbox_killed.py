"""A worker is killed at any moment, again and again; every effect is in the database exactly once."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, Table, Text, func, select

from kernel import db
from kernel.outbox import OutboxDelivery

ROOT = Path(__file__).parents[3]
EVENTS = 80
KILLS = 5

tables = MetaData()
effects = Table("test_killed", tables, Column("id", Integer, primary_key=True), Column("what", Text, nullable=False))


def start(url, instance, mode):
    command = [sys.executable, "-m", "tests.unit.kernel.worker_to_kill", url, str(instance), mode]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def done():
    with db.reading() as session:
        return session.scalar(
            select(func.count()).select_from(OutboxDelivery).where(OutboxDelivery.done_at.is_not(None))
        )


def test_effects_are_there_exactly_once_whenever_the_worker_is_killed(database, instance):
    tables.drop_all(db.engine())
    tables.create_all(db.engine())
    assert start(database, instance, "publish").wait(20) == 0
    for _ in range(KILLS):
        worker = start(database, instance, "work")
        assert worker.stdout.readline() == b"ready\n"
        time.sleep(random.uniform(0, 0.03))
        worker.kill()
        worker.wait()
    assert done() < EVENTS, "every kill came too late to prove anything"
    last = start(database, instance, "work")
    until = time.monotonic() + 15
    try:
        while done() < EVENTS:
            assert time.monotonic() < until, "the restarted worker did not finish"
            assert last.poll() is None
            time.sleep(0.02)
    finally:
        last.kill()
        last.wait()
    with db.reading() as session:
        counts = Counter(session.scalars(select(effects.c.what)))
        attempts = session.scalar(select(func.sum(OutboxDelivery.attempts)))
    assert counts == Counter(f"{half} {n}" for half in ("first", "second") for n in range(EVENTS))
    assert attempts > EVENTS, "no kill hit a delivery"
