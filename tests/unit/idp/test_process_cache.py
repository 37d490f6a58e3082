"""The cache inside the process: bounded, short-lived, and never of another database."""

import pytest

from idp.process_cache import ProcessCache
from kernel import db


@pytest.fixture
def asked():
    """How often each key was loaded."""
    return []


@pytest.fixture
def cache(database):
    return ProcessCache[str](seconds=60, most=2)


def load(asked, key, value="v"):
    def loading():
        asked.append(key)
        return value

    return loading


def test_a_value_is_loaded_once(cache, asked):
    assert [cache.get("a", load(asked, "a")) for _ in range(3)] == ["v"] * 3
    assert asked == ["a"]


def test_nothing_is_not_kept(cache, asked):
    assert [cache.get("a", load(asked, "a", None)) for _ in range(2)] == [None, None]
    assert asked == ["a", "a"]


def test_when_full_the_one_loaded_longest_ago_goes(cache, asked):
    for key in ("a", "b", "c", "c", "b", "a"):
        cache.get(key, load(asked, key))
    assert asked == ["a", "b", "c", "a"]


def test_what_is_forgotten_or_too_old_is_loaded_again(cache, asked, monkeypatch):
    cache.get("a", load(asked, "a"))
    cache.forget("a")
    cache.get("a", load(asked, "a"))
    monkeypatch.setattr("idp.process_cache.time.monotonic", lambda: 10**9)
    cache.get("a", load(asked, "a"))
    assert asked == ["a"] * 3


def test_another_database_begins_empty(cache, asked, database):
    cache.get("a", load(asked, "a"))
    db.configure(database)
    cache.get("a", load(asked, "a"))
    assert asked == ["a", "a"]
