"""What load balancers and supervisors are told."""

import json

import pytest

from kernel import db, health, keyvalue, limits, tasks
from kernel.machine import Request

PARTS = {"database": "ok", "key_value_store": "ok", "worker": "ok"}


def ask(handle):
    answer = handle(Request({"REQUEST_METHOD": "GET"}))
    return answer.status, json.loads(answer.body)


def test_ready_when_database_store_and_worker_answer(database):
    tasks.beat()
    assert ask(health._readyz) == (200, {"status": "ready", "parts": PARTS})


def test_without_a_sign_of_life_of_a_worker_it_is_not_ready(database):
    assert ask(health._readyz) == (503, {"status": "not ready", "parts": {**PARTS, "worker": "missing"}})


def test_without_a_database_it_is_not_ready_and_does_not_say_why(tmp_path):
    (tmp_path / "folder").mkdir()
    db.configure(f"sqlite:///{tmp_path / 'folder'}")
    tasks.beat()
    status, told = ask(health._readyz)
    db.dispose()
    assert (status, told["parts"]["database"]) == (503, "missing")
    assert str(tmp_path) not in str(told)


def test_without_redis_it_is_not_ready(database):
    keyvalue.configure("redis://127.0.0.1:1/0")
    status, told = ask(health._readyz)
    assert (status, told["parts"]["key_value_store"]) == (503, "missing")


def test_alive_asks_nothing(monkeypatch):
    monkeypatch.setattr(health, "CHECKS", {"any": lambda: pytest.fail("asked")})
    assert ask(health._healthz) == (200, {"status": "alive"})


def test_so_many_in_a_window_and_no_more(redis_url):
    for url in (None, redis_url):
        keyvalue.configure(url)
        assert [limits.allow("login:a", limit=2, window_seconds=60) for _ in range(4)] == [True, True, False, False]
        assert limits.allow("login:b", limit=2, window_seconds=60)
        assert limits.reached("login:a", limit=2)
        assert not limits.reached("login:b", limit=2)
        assert not limits.reached("login:c", limit=1)
