from dataclasses import dataclass
from datetime import date, timedelta
from threading import Thread
from typing import ClassVar

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kernel import clock, context, db, doorbell, outbox, outbox_upkeep
from kernel.outbox import Event, Handler, OutboxDelivery, OutboxEvent, deliver_due, publish, register


class Tables(DeclarativeBase):
    """Of this file alone."""


class Effect(Tables):
    """What a handler of this file writes."""

    __tablename__ = "test_effect"
    id: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed(Event):
    event_name: ClassVar[str] = "test.lapsed"
    certificate_id: str
    day: date
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Event):
    event_name: ClassVar[str] = "test.other"
    number: int


def note(session, event):
    session.add(Effect(what=event.certificate_id))


@pytest.fixture(autouse=True)
def tables(database):
    Tables.metadata.drop_all(db.engine())
    Tables.metadata.create_all(db.engine())


def send(*events):
    with db.transaction() as session:
        for event in events:
            publish(session, event)


def effects():
    with db.reading() as session:
        return sorted(session.scalars(select(Effect.what)))


def delivery(handler="note"):
    with db.reading() as session:
        return session.scalars(select(OutboxDelivery).where(OutboxDelivery.handler == handler)).one()


LAPSED = Lapsed(certificate_id="c1", day=date(2026, 3, 4))


def test_an_event_reaches_every_handler_of_its_kind_once():
    register([
        Handler(name="note", event=Lapsed, run=note),
        Handler(name="note-too", event=Lapsed, run=lambda session, e: session.add(Effect(what=f"too {e.day:%d}"))),
        Handler(name="other", event=Other, run=lambda session, e: session.add(Effect(what="other"))),
    ])  # fmt: skip
    send(LAPSED)
    assert effects() == [], "never in the publisher's transaction"
    assert deliver_due() == 2
    assert deliver_due() == 0
    assert effects() == ["c1", "too 04"]


def test_the_handler_gets_the_event_that_was_published():
    seen = []
    register([Handler(name="note", event=Lapsed, run=lambda _, e: seen.append(e))])
    event = Lapsed(certificate_id="木", day=date(2026, 2, 28), reason="期满")
    send(event, LAPSED)
    deliver_due()
    assert seen == [event, LAPSED]


def test_what_was_rolled_back_was_not_published():
    register([Handler(name="note", event=Lapsed, run=note)])
    with pytest.raises(ValueError), db.transaction() as session:
        publish(session, LAPSED)
        raise ValueError
    assert deliver_due() == 0


def test_the_bell_rings_after_the_commit_and_only_then():
    register([Handler(name="note", event=Lapsed, run=note)])
    rung = []
    doorbell.install_ring(lambda: rung.append(deliver_due()))
    send(LAPSED)
    assert rung == [1]
    with pytest.raises(ValueError), db.transaction() as session:
        publish(session, LAPSED)
        raise ValueError
    send(Other(number=1))  # nobody handles it
    assert rung == [1]


def test_a_broken_bell_loses_nothing():
    def broken():
        raise OSError("no broker")

    register([Handler(name="note", event=Lapsed, run=note)])
    doorbell.install_ring(broken)
    send(LAPSED)
    assert deliver_due() == 1


def test_a_failing_handler_writes_nothing_is_tried_later_and_stops_nobody(frozen_clock):
    attempts = []

    def fail_twice(session, event):
        session.add(Effect(what="late"))
        session.flush()
        attempts.append(clock.now())
        if len(attempts) < 3:
            raise ValueError("440106199001011234 of Zhang San")

    register([
        Handler(name="a-fails", event=Lapsed, run=fail_twice),
        Handler(name="note", event=Lapsed, run=note),
    ])  # fmt: skip
    send(LAPSED)
    assert deliver_due() == 2
    assert effects() == ["c1"]
    assert deliver_due() == 0, "not at once again"
    while len(attempts) < 3:
        frozen_clock.advance(seconds=1)
        deliver_due()
    assert effects() == ["c1", "late"]
    first, second = attempts[1] - attempts[0], attempts[2] - attempts[1]
    assert timedelta(seconds=1) <= first <= timedelta(seconds=3)
    assert timedelta(seconds=3) <= second <= timedelta(seconds=5)


def test_the_error_is_kept_without_its_text(frozen_clock):
    def fail(_session, _event):
        raise ValueError("440106199001011234 of Zhang San")

    register([Handler(name="note", event=Lapsed, run=fail)])
    send(LAPSED)
    deliver_due()
    assert delivery().last_error.startswith(f"builtins.ValueError at {__name__}:")


def test_after_the_last_attempt_a_delivery_is_dead_visible_and_can_be_revived(frozen_clock):
    broken = [True]

    def run(session, event):
        if broken:
            raise KeyError
        note(session, event)

    register([Handler(name="note", event=Lapsed, run=run)])
    send(LAPSED)
    for _ in range(outbox.MOST_ATTEMPTS):
        assert deliver_due() == 1
        frozen_clock.advance(hours=2)
    assert deliver_due() == 0
    with db.reading() as session:
        [dead] = outbox_upkeep.dead(session)
        assert (dead.event_name, dead.handler, dead.attempts) == ("test.lapsed", "note", outbox.MOST_ATTEMPTS)
        assert outbox_upkeep.backlog(session) == outbox_upkeep.Backlog(waiting=0, oldest=None, dead=1)
    broken.clear()
    with db.transaction() as session:
        assert outbox_upkeep.revive(session, dead.event_id, "note")
        assert not outbox_upkeep.revive(session, dead.event_id, "note")
    assert deliver_due() == 1
    assert effects() == ["c1"]


def test_a_handler_that_takes_its_worker_with_it_ends_too(frozen_clock):
    def die(_session, _event):
        raise AssertionError("never run again")

    register([Handler(name="note", event=Lapsed, run=die)])
    send(LAPSED)
    with db.transaction() as session:  # as if a worker had ended during each attempt
        session.execute(update(OutboxDelivery).values(attempts=outbox.MOST_ATTEMPTS, claim="of the dead"))
    assert deliver_due() == 1
    assert delivery().dead_at is not None


def test_a_leased_delivery_is_left_alone_until_the_lease_has_passed(frozen_clock):
    register([Handler(name="note", event=Lapsed, run=note)])
    send(LAPSED)
    assert len(outbox._claim(10)) == 1  # a worker that dies now
    assert deliver_due() == 0
    frozen_clock.advance(outbox.LEASE)
    assert deliver_due() == 1
    assert effects() == ["c1"]


def test_a_worker_whose_lease_went_to_another_writes_nothing(frozen_clock):
    register([Handler(name="note", event=Lapsed, run=note)])
    send(LAPSED)
    [slow] = outbox._claim(10)
    frozen_clock.advance(outbox.LEASE)
    [quick] = outbox._claim(10)
    outbox._deliver(slow)
    assert effects() == []
    outbox._deliver(quick)
    outbox._deliver(slow)
    outbox._deliver(quick)
    assert effects() == ["c1"]
    assert delivery().attempts == 2


def test_a_late_failure_of_a_lost_lease_does_not_disturb_the_new_holder(frozen_clock):
    register([Handler(name="note", event=Lapsed, run=note)])
    send(LAPSED)
    [slow] = outbox._claim(10)
    frozen_clock.advance(outbox.LEASE)
    [quick] = outbox._claim(10)
    outbox._put_off(slow, "late")
    outbox._deliver(quick)
    assert effects() == ["c1"]


def test_workers_share_the_work_without_doing_any_twice():
    register([Handler(name="count", event=Other, run=lambda session, e: session.add(Effect(what=f"{e.number:03}")))])
    send(*(Other(number=n) for n in range(60)))
    threads = [Thread(target=deliver_due) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while deliver_due():
        pass
    assert effects() == [f"{n:03}" for n in range(60)]


def test_an_event_of_a_handler_unknown_here_waits_for_a_process_that_knows_it():
    register([Handler(name="note", event=Lapsed, run=note)])
    send(LAPSED)
    known = outbox._handlers.pop("note")
    assert deliver_due() == 0
    register([known])
    assert deliver_due() == 1


def test_a_handler_may_publish_in_turn():
    register([
        Handler(name="note", event=Lapsed, run=lambda session, e: publish(session, Other(number=7))),
        Handler(name="other", event=Other, run=lambda session, e: session.add(Effect(what=str(e.number)))),
    ])  # fmt: skip
    send(LAPSED)
    while deliver_due():
        pass
    assert effects() == ["7"]


def test_the_limit_holds():
    register([Handler(name="count", event=Other, run=lambda session, e: None)])
    send(*(Other(number=n) for n in range(50)))
    assert deliver_due(45) == 45
    assert deliver_due(45) == 5


def test_the_handler_acts_under_the_request_that_published():
    seen = []
    register([Handler(name="note", event=Lapsed, run=lambda *_: seen.append(context.actor().request_id))])
    with context.bind(request_id="r-1", account_id="a"):
        send(LAPSED)
    deliver_due()
    assert (seen, context.actor().request_id) == (["r-1"], None)


def test_two_handlers_of_one_name_are_refused():
    handler = Handler(name="note", event=Lapsed, run=note)
    register([handler])
    register([handler])  # the same again is no fault
    with pytest.raises(ValueError, match="note"):
        register([Handler(name="note", event=Other, run=note)])


def test_the_purge_removes_what_is_long_done_and_nothing_else(frozen_clock):
    register([Handler(name="note", event=Lapsed, run=note)])
    send(LAPSED)
    deliver_due()
    frozen_clock.advance(days=20)
    send(LAPSED)
    frozen_clock.advance(days=11)
    outbox_upkeep.purge()
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(OutboxEvent)) == 1
        assert session.scalar(select(func.count()).select_from(OutboxDelivery)) == 1
    frozen_clock.advance(days=31)
    outbox_upkeep.purge()  # not delivered yet: stays
    assert deliver_due() == 1


def test_the_delay_doubles_up_to_an_hour():
    for attempts, seconds in ((1, 2), (5, 32), (11, 2048), (12, 3600), (14, 3600)):
        assert 0.75 * seconds <= outbox.delay(attempts).total_seconds() <= 1.25 * seconds
