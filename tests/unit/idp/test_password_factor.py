"""The gate before the hashes, and what a password may be."""

import threading

import pytest

from idp.factor import Factor, factors, first, second
from idp.factors.password import Gate, hashed, plugin
from kernel.errors import Invalid, Unavailable


def test_the_gate_lets_so_many_work_and_so_many_wait() -> None:
    gate = Gate(at_once=1, waiting=2)
    rooms = [gate.room() for _place in range(3)]
    for room in rooms:
        room.__enter__()
    with pytest.raises(Unavailable) as refused, gate.room():
        pass
    assert refused.value.headers == (("Retry-After", "2"),)
    rooms[0].__exit__(None, None, None)
    with gate.room():
        pass


def test_a_place_is_given_back_whatever_happens() -> None:
    gate = Gate(at_once=1, waiting=0)
    for _again in range(3):
        with pytest.raises(ZeroDivisionError), gate.room():
            raise ZeroDivisionError
    with gate.room():
        pass


def test_hashes_run_one_at_a_time() -> None:
    gate = Gate(at_once=1, waiting=5)
    running, most = [0], [0]
    lock = threading.Lock()

    def work() -> None:
        with gate.room(), gate.work:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            hashed("some password")
            with lock:
                running[0] -= 1

    threads = [threading.Thread(target=work) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == [1]


def test_the_right_password_in_another_normal_form_is_right() -> None:
    stored = hashed("pass\u00e9word")
    assert plugin.prove(stored, plugin.answer({"password": "passe\u0301word"})).right
    assert not plugin.prove(stored, "password").right


@pytest.mark.parametrize("enrolled", [None, "", "not a hash"])
def test_nothing_enrolled_is_never_right(enrolled: str | None) -> None:
    proof = plugin.prove(enrolled, "anything")
    assert (proof.right, proof.renewed) == (False, None)


@pytest.mark.parametrize("password", ["", "x" * 1025, "密" * 342, "a\0b", "\ud800" * 400])
def test_what_cannot_be_a_password(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        plugin.answer({"password": password})
    assert list(refused.value.fields) == ["password"]


def test_factors_are_found_by_their_folder() -> None:
    found = factors()
    assert [(name, one.level, one.begins) for name, one in found.items()] == [
        ("password", 2, True),
        ("totp", 3, False),
    ]
    assert all(isinstance(one, Factor) for one in found.values())
    assert (first().name, second().name) == ("password", "totp")
