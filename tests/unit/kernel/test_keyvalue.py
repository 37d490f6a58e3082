import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from kernel import keyvalue
from kernel.errors import Unavailable
from kernel.keyvalue import MemoryStore, ProcessStore, RedisStore


@pytest.fixture(params=["memory", "redis"])
def store(request):
    keyvalue.configure(request.getfixturevalue("redis_url") if request.param == "redis" else None)
    return keyvalue.store()


def gone(store, key):
    until = time.monotonic() + 4
    while store.get(key) is not None:
        assert time.monotonic() < until, "it never expired"
        time.sleep(0.02)


def test_a_value_is_kept_replaced_and_deleted(store):
    assert store.get("a") is None
    store.set("a", "一", 60)
    assert store.get("a") == "一"
    store.set("a", "2", 60)
    assert store.get("a") == "2"
    store.delete("a")
    store.delete("a")
    assert store.get("a") is None


def test_a_value_expires(store):
    store.set("a", "1", 1)
    gone(store, "a")
    assert store.take("a") is None
    assert store.add("a", "2", 60)


def test_add_is_the_first_ones_alone(store):
    assert store.add("a", "1", 60)
    assert not store.add("a", "2", 60)
    assert store.get("a") == "1"


def test_take_gives_the_value_once(store):
    store.set("a", "1", 60)
    assert store.take("a") == "1"
    assert store.take("a") is None


def test_of_many_takers_one_gets_it(store):
    for _ in range(20):
        store.set("a", "1", 60)
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda _: store.take("a"), range(8)))
        assert sorted(taken, key=str) == ["1"] + [None] * 7


def test_of_many_adders_one_wins(store):
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda n: store.add("a", str(n), 60), range(32))) == 1


def test_counting_loses_nothing(store):
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: store.increment("n", 60), range(200)))
    assert sorted(counts) == list(range(1, 201))


def test_counting_does_not_lengthen_the_time_to_live(store):
    store.increment("n", 1)
    until = time.monotonic() + 4
    while store.increment("n", 1) != 1:
        assert time.monotonic() < until, "the window never ended"
        time.sleep(0.02)


@pytest.mark.parametrize("ttl", [0, -1])
def test_nothing_lives_for_ever_or_not_at_all(store, ttl):
    for call in (lambda: store.set("a", "1", ttl), lambda: store.add("a", "1", ttl), lambda: store.increment("a", ttl)):
        with pytest.raises(ValueError):
            call()


def test_it_answers(store):
    store.ping()


def test_memory_follows_the_one_clock(frozen_clock):
    store = MemoryStore()
    store.set("a", "1", 60)
    frozen_clock.advance(seconds=59)
    assert store.get("a") == "1"
    frozen_clock.advance(seconds=1)
    assert store.get("a") is None


def test_memory_is_bounded_and_drops_what_would_expire_first():
    store = MemoryStore(most_entries=100)
    store.set("long", "1", 10_000)
    for n in range(1000):
        store.set(f"k{n}", "1", 100 + n)
    assert len(store._entries) == 100
    assert store.get("long") == "1"
    assert store.get("k0") is None
    assert store.get("k999") == "1"


def test_memory_stays_bounded_when_one_key_is_rewritten(frozen_clock):
    store = MemoryStore(most_entries=10)
    for n in range(1000):
        store.set("a", str(n), 1000 + n)
    assert len(store._expiries) <= 21
    assert store.get("a") == "999"
    frozen_clock.advance(seconds=1998)
    assert store.get("a") == "999"
    frozen_clock.advance(seconds=2)
    assert store.get("a") is None


def test_memory_is_bounded_in_characters_too():
    store = MemoryStore(most_characters=10_000)
    store.set("long", "1", 10_000)
    for n in range(100):
        store.set(f"k{n}", "x" * 1000, 100 + n)
    assert sum(len(key) + len(value) for key, (value, _) in store._entries.items()) <= 10_000
    assert (store.get("k0"), store.get("k99"), store.get("long")) == (None, "x" * 1000, "1")


def test_memory_counts_the_characters_it_holds():
    store = MemoryStore()
    for value in ("1", "22", "333"):
        store.set("a", value, 10)
    store.increment("n", 10)
    for _ in range(9):
        store.increment("n", 10)
    assert store._characters == len("a333") + len("n10")
    assert store.take("a") == "333"
    store.delete("n")
    assert store._characters == 0


def test_expired_entries_leave_memory(frozen_clock):
    store = MemoryStore()
    for n in range(50):
        store.set(f"k{n}", "1", 10)
    frozen_clock.advance(seconds=11)
    store.set("new", "1", 10)
    assert list(store._entries) == ["new"]


def test_a_flood_of_values_pushes_out_no_mark_and_no_count():
    """Else whoever begins many logins could use a proof twice, and guess on where guesses are counted."""
    store = ProcessStore(most_entries=50)
    assert store.add("used", "1", 60)
    assert [store.increment("guesses", 60) for _ in range(3)] == [1, 2, 3]
    for n in range(200):
        store.set(f"waiting{n}", "x", 1800)
    assert not store.add("used", "1", 60)
    assert store.increment("guesses", 60) == 4
    assert store.get("guesses") == "4"
    store.set("used", "2", 3600)
    assert (store.take("used"), store.get("used"), store.add("used", "1", 60)) == ("2", None, True)


def test_a_redis_that_does_not_answer_fails_within_its_deadline(redis_server):
    with socket.socket() as silent:  # accepts by the kernel, never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(Unavailable):
            RedisStore(f"redis://127.0.0.1:{silent.getsockname()[1]}/0").ping()
        assert time.monotonic() - began < 3


def test_a_redis_that_was_restarted_is_found_again(redis_server):
    store = RedisStore(redis_server.url)
    store.set("a", "1", 60)
    redis_server.stop()
    with pytest.raises(Unavailable):
        store.ping()
    redis_server.start()
    store.ping()
    assert store.get("a") is None


def test_keys_in_redis_carry_the_namespace(redis_url):
    RedisStore(redis_url).set("a", "1", 60)
    assert redis.Redis.from_url(redis_url).keys() == [b"kapok:a"]
