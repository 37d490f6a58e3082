import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import context, db, keyvalue, outbox, tasks
from kernel.tasks import EmbeddedWorker, Periodic, PeriodicTask, register_periodic, run_periodics, worker_alive
from tests.unit.kernel.worker_to_kill import Counted

pytestmark = pytest.mark.usefixtures("database")


def task(run, *, name="t", every=timedelta(minutes=5), **more):
    return Periodic(name=name, every=every, run=run, **more)


def row(name="t"):
    with db.reading() as session:
        return session.scalars(select(PeriodicTask).where(PeriodicTask.name == name)).one()


def test_a_new_task_runs_at_once_and_then_every_so_often(frozen_clock):
    ran = []
    register_periodic([task(lambda: ran.append(1))])
    assert run_periodics() == 1
    assert run_periodics() == 0
    frozen_clock.advance(minutes=4, seconds=59)
    assert run_periodics() == 0
    frozen_clock.advance(seconds=1)
    assert run_periodics() == 1
    assert len(ran) == 2


def test_of_several_workers_one_runs_it(frozen_clock):
    ran, begin = [], threading.Barrier(4)
    register_periodic([task(lambda: ran.append(1), name=f"t{n}") for n in range(5)])

    def work():
        begin.wait(5)
        run_periodics()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ran) == 5


def test_a_task_that_fails_is_logged_marked_and_runs_again_in_its_turn(frozen_clock):
    ran = []

    def fail():
        ran.append(1)
        raise ValueError("secret text")

    register_periodic([task(fail), task(lambda: ran.append(2), name="u")])
    assert run_periodics() == 2
    assert sorted(ran) == [1, 2]
    assert row().last_outcome == "ValueError"
    frozen_clock.advance(minutes=5)
    assert run_periodics() == 2


def test_a_task_whose_worker_died_is_started_again_after_its_lease(frozen_clock):
    ran = []
    register_periodic([task(lambda: ran.append(1), lease=timedelta(minutes=2))])
    tasks._plant()
    tasks._claim()  # by a worker that dies now
    frozen_clock.advance(seconds=119)
    assert run_periodics() == 0
    frozen_clock.advance(seconds=1)
    assert run_periodics() == 1


def test_a_worker_that_outlived_its_lease_does_not_end_the_other_ones(frozen_clock):
    register_periodic([task(lambda: None, lease=timedelta(minutes=2))])
    tasks._plant()
    periodic, slow = tasks._claim()
    frozen_clock.advance(minutes=2)
    _, quick = tasks._claim()
    tasks._run(periodic, slow)
    assert row().claim == quick
    tasks._run(periodic, quick)
    assert (row().claim, row().last_outcome) == (None, "ok")


def test_a_task_has_a_request_id_of_its_own():
    seen = []
    register_periodic([task(lambda: seen.append(context.actor().request_id))])
    run_periodics()
    assert seen[0] is not None
    assert context.actor().request_id is None


def test_two_tasks_of_one_name_are_refused():
    first = task(lambda: None)
    register_periodic([first])
    register_periodic([first])
    with pytest.raises(ValueError, match="two periodic tasks"):
        register_periodic([task(lambda: None)])


def test_a_sign_of_life_lasts_a_minute(frozen_clock):
    assert not worker_alive()
    tasks.tick()
    frozen_clock.advance(seconds=59)
    assert worker_alive()
    frozen_clock.advance(seconds=1)
    assert not worker_alive()


def test_a_tick_does_everything_that_is_due():
    done = []
    outbox.register([outbox.Handler(name="h", event=Counted, run=lambda _, e: done.append(e.number))])
    register_periodic([task(lambda: done.append("t"))])
    with db.transaction() as session:
        for number in range(50):
            outbox.publish(session, Counted(number=number))
    assert tasks.tick() == 51
    assert sorted(done, key=str) == sorted([*range(50), "t"], key=str)


def test_a_tick_ends_even_if_there_is_always_more():
    def again(session, event):
        outbox.publish(session, Counted(number=event.number + 1))

    outbox.register([outbox.Handler(name="h", event=Counted, run=again)])
    with db.transaction() as session:
        outbox.publish(session, Counted(number=0))
    assert tasks.tick(seconds=0.2) > 0


@pytest.fixture
def worker():
    made = EmbeddedWorker(tick_seconds=30)  # so that only the bell explains a quick delivery
    yield made
    assert made.stop(5)


def test_the_embedded_worker_hears_the_bell(worker):
    arrived = threading.Event()
    outbox.register([outbox.Handler(name="h", event=Counted, run=lambda *_: arrived.set())])
    worker.start()
    assert worker_alive()
    with db.transaction() as session:
        outbox.publish(session, Counted(number=1))
    assert arrived.wait(5)


def test_the_embedded_worker_finds_by_itself_what_it_did_not_hear():
    arrived, ran = threading.Event(), threading.Event()
    outbox.register([outbox.Handler(name="h", event=Counted, run=lambda *_: arrived.set())])
    register_periodic([task(ran.set)])
    with db.transaction() as session:
        outbox.publish(session, Counted(number=1))
    worker = EmbeddedWorker(tick_seconds=0.05)
    worker.start()
    assert arrived.wait(5)
    assert ran.wait(5)
    assert worker.stop(5)


def test_stopping_waits_for_the_running_handler_and_begins_no_other(worker):
    began, finish, ended = threading.Event(), threading.Event(), []

    def slow(_session, event):
        began.set()
        assert finish.wait(5)
        ended.append(event.number)

    outbox.register([outbox.Handler(name="h", event=Counted, run=slow)])
    worker.start()
    with db.transaction() as session:
        outbox.publish(session, Counted(number=1))
    assert began.wait(5)
    assert not worker.stop(0.05), "it is still running"
    finish.set()
    assert worker.stop(5)
    assert ended == [1]
    with db.transaction() as session:
        outbox.publish(session, Counted(number=2))
    assert ended == [1]


def test_a_slow_task_does_not_hold_back_the_outbox(worker):
    free, arrived = threading.Event(), threading.Event()
    register_periodic([task(lambda: free.wait(5))])
    outbox.register([outbox.Handler(name="h", event=Counted, run=lambda *_: arrived.set())])
    worker.start()
    with db.transaction() as session:
        outbox.publish(session, Counted(number=1))
    assert arrived.wait(4)
    free.set()


def test_the_worker_outlives_a_database_that_is_away(worker, database, tmp_path):
    arrived = threading.Event()
    outbox.register([outbox.Handler(name="h", event=Counted, run=lambda *_: arrived.set())])
    db.configure(f"sqlite:///{tmp_path}/empty.db")  # no tables: every statement fails
    worker.start()
    keyvalue.store().delete(tasks.HEARTBEAT)
    tasks.ring()
    until = time.monotonic() + 5
    while not worker_alive():  # it came around
        assert time.monotonic() < until
        time.sleep(0.01)
    db.configure(database)
    with db.transaction() as session:
        outbox.publish(session, Counted(number=1))
    assert arrived.wait(5)
