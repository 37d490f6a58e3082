import threading
from datetime import UTC, date, datetime

import pytest

from kernel import clock, context


def test_now_is_aware_and_in_utc():
    assert clock.now().tzinfo is UTC


def test_today_is_the_provinces_date(frozen_clock):
    frozen_clock.set(datetime(2026, 3, 4, 16, 30, tzinfo=UTC))  # 00:30 of the next day in Guangdong
    assert clock.today() == date(2026, 3, 5)
    assert clock.local(clock.now()).isoformat() == "2026-03-05T00:30:00+08:00"


def test_the_zone_is_a_setting(frozen_clock, load_settings):
    load_settings(TIMEZONE="Asia/Urumqi")
    frozen_clock.set(datetime(2026, 3, 4, 16, 30, tzinfo=UTC))
    assert clock.today() == date(2026, 3, 4)


def test_a_replaced_clock_is_seen_by_threads_and_put_back():
    fixed = datetime(2020, 1, 1, tzinfo=UTC)
    seen = []
    with clock.use(lambda: fixed):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen == [fixed]
    assert clock.now() > fixed


def test_the_actor_is_nobody_until_bound():
    assert context.actor() == context.Actor()


def test_bindings_nest_and_end():
    with context.bind(request_id="r", address="192.0.2.1"):
        with context.bind(account_id="a"):
            assert context.actor() == context.Actor(request_id="r", address="192.0.2.1", account_id="a")
        assert context.actor().account_id is None
    assert context.actor().request_id is None


def test_a_binding_ends_with_an_exception_too():
    with pytest.raises(ValueError), context.bind(account_id="a"):
        raise ValueError
    assert context.actor().account_id is None


def test_a_binding_can_be_undone_where_no_block_fits():
    bound = context.bind(client_id="c")
    assert context.actor().client_id == "c"
    bound.undo()
    assert context.actor().client_id is None


def test_a_thread_has_an_actor_of_its_own():
    seen = []
    with context.bind(account_id="a"):
        thread = threading.Thread(target=lambda: seen.append(context.actor().account_id))
        thread.start()
        thread.join()
    assert seen == [None]
