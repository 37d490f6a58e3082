"""One city's trouble is nobody else's."""

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.breaker import Breaker, Deadline, Limits
from connectors.errors import BadCredentials, UpstreamUnavailable


class City:
    """A city that answers, fails, or hangs until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails: BaseException | None = None
        self.asked = threading.Semaphore(0)
        self.release = threading.Event()
        self.release.set()

    def ask(self, _deadline: Deadline) -> str:
        self.calls += 1
        self.asked.release()
        assert self.release.wait(10)
        if self.fails is not None:
            raise self.fails
        return "answer"


@pytest.fixture
def city() -> Iterator[City]:
    made = City()
    yield made
    made.release.set()


@pytest.fixture
def make() -> Callable[..., Breaker]:
    def breaker(**changes: float) -> Breaker:
        usual = {"deadline": 5.0, "concurrency": 4, "open_after": 3, "probe_after": 60.0}
        return Breaker("深圳市", Limits(**{**usual, **changes}))  # type: ignore[arg-type]

    return breaker


DOWN = UpstreamUnavailable("深圳市", "connection refused")


def fail(breaker: Breaker, city: City, times: int) -> None:
    for _ in range(times):
        with pytest.raises(UpstreamUnavailable):
            breaker.call(city.ask)


def test_an_answer_is_handed_through(make: Callable[..., Breaker], city: City) -> None:
    assert make().call(city.ask) == "answer"


def test_a_call_sees_the_callers_context(make: Callable[..., Breaker]) -> None:
    language = contextvars.ContextVar("language", default="zh")
    language.set("en")
    assert make().call(lambda _deadline: language.get()) == "en"


def test_a_call_that_never_answers_ends_at_its_deadline(make: Callable[..., Breaker], city: City) -> None:
    city.release.clear()
    began = time.monotonic()
    with pytest.raises(UpstreamUnavailable, match=r"no answer within 0\.2 s"):
        make(deadline=0.2).call(city.ask)
    assert time.monotonic() - began < 1


def test_the_deadline_tells_how_much_is_left_and_never_nothing() -> None:
    assert 4 < Deadline(time.monotonic() + 5).remaining() <= 5
    assert 0 < Deadline(time.monotonic() - 5).remaining() < 1


def test_hanging_calls_hold_no_more_than_their_places(make: Callable[..., Breaker], city: City) -> None:
    breaker = make(deadline=0.1, concurrency=3, open_after=100)
    city.release.clear()
    fail(breaker, city, 3)
    began = time.monotonic()
    with pytest.raises(UpstreamUnavailable, match="3 calls are running"):
        breaker.call(city.ask)
    assert time.monotonic() - began < 0.1
    assert city.calls == 3
    city.release.set()
    for _attempt in range(100):  # the abandoned calls end and give their places back
        if breaker._running == 0:
            break
        threading.Event().wait(0.01)
    assert breaker.call(city.ask) == "answer"


def test_failures_in_a_row_open_it_and_then_the_city_is_not_asked(make: Callable[..., Breaker], city: City) -> None:
    breaker = make()
    city.fails = DOWN
    fail(breaker, city, 3)
    assert breaker.state == "down"
    with pytest.raises(UpstreamUnavailable, match="circuit open"):
        breaker.call(city.ask)
    assert city.calls == 3


def test_a_good_answer_in_between_keeps_it_closed(make: Callable[..., Breaker], city: City) -> None:
    breaker = make()
    for _round in range(3):
        city.fails = DOWN
        fail(breaker, city, 2)
        city.fails = None
        breaker.call(city.ask)
    assert breaker.state == "ok"


def test_wrong_passwords_do_not_take_a_city_down(make: Callable[..., Breaker], city: City) -> None:
    breaker = make()
    city.fails = BadCredentials("深圳市", "wrong password")
    for _attempt in range(10):
        with pytest.raises(BadCredentials):
            breaker.call(city.ask)
    assert breaker.state == "ok"


def test_a_fault_of_our_own_is_raised_as_it_is(make: Callable[..., Breaker], city: City) -> None:
    city.fails = KeyError("a bug")
    with pytest.raises(KeyError):
        make().call(city.ask)


def test_one_call_alone_finds_out_whether_the_city_is_back(make: Callable[..., Breaker], city: City) -> None:
    breaker = make(probe_after=0.05)
    city.fails = DOWN
    fail(breaker, city, 3)
    threading.Event().wait(0.06)
    assert breaker.state == "ok"  # the next one may try
    while city.asked.acquire(blocking=False):
        pass
    city.fails = None
    city.release.clear()
    with ThreadPoolExecutor(1) as pool:
        probe = pool.submit(breaker.call, city.ask)
        assert city.asked.acquire(timeout=5)
        assert {breaker.state} == {"down"}
        with pytest.raises(UpstreamUnavailable, match="circuit open"):
            breaker.call(city.ask)
        city.release.set()
        assert probe.result(5) == "answer"
    assert breaker.state == "ok"
    assert breaker.call(city.ask) == "answer"


def test_a_failed_probe_waits_again(make: Callable[..., Breaker], city: City) -> None:
    breaker = make(probe_after=0.2)
    city.fails = DOWN
    fail(breaker, city, 3)
    threading.Event().wait(0.21)
    fail(breaker, city, 1)
    assert city.calls == 4
    assert breaker.state == "down"
    fail(breaker, city, 1)
    assert city.calls == 4


def test_a_probe_that_breaks_by_our_own_fault_lets_another_try(make: Callable[..., Breaker], city: City) -> None:
    breaker = make(probe_after=0.0)
    city.fails = DOWN
    fail(breaker, city, 3)
    city.fails = KeyError("a bug")
    with pytest.raises(KeyError):
        breaker.call(city.ask)
    city.fails = None
    assert breaker.call(city.ask) == "answer"
