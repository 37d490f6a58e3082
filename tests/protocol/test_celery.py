"""The workers of a distributed installation: real processes, a real broker."""

import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
import redis

from kernel import keyvalue, tasks
from tests.conftest import SECRETS
from tests.servers import process
from wiring import doorbell

ROOT = Path(__file__).parents[2]
CELERY = Path(sys.executable).with_name("celery")


@pytest.fixture
def environment(tmp_path, sqlite_template, redis_url):
    shutil.copyfile(sqlite_template, tmp_path / "kapok.db")
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "KAPOK_DEMO": "1",
        "INSTANCE_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/kapok.db",
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": redis_url,
        **SECRETS,
    }


@pytest.fixture
def run(environment, tmp_path):
    """Starts ``celery -A worker …`` and ends it with the test."""
    running = []

    def start(*arguments):
        log = tmp_path / f"{arguments[0]}.log"
        running.append(process.start([CELERY, "-A", "worker", *arguments], log, env=environment))
        return running[-1], log

    yield start
    for each in running:
        process.stop(each, signal.SIGKILL)


def until(true, seconds=30.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_a_ring_wakes_a_worker_and_sigterm_lets_it_finish(run, redis_url):
    keyvalue.configure(redis_url)
    worker, log = run("worker", "--concurrency", "1", "--loglevel", "INFO")
    until(lambda: "ready" in log.read_text())
    assert not tasks.worker_alive()
    doorbell.install(redis_url)
    tasks.ring()
    until(tasks.worker_alive)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def test_beat_rings_by_itself_so_that_no_lost_message_matters(run, redis_url):
    keyvalue.configure(redis_url)
    run("worker", "--concurrency", "1")
    run("beat", "--pidfile=")
    until(tasks.worker_alive)


def test_a_message_carries_nothing_but_its_name(run, redis_url):
    doorbell.install(redis_url)
    tasks.ring()
    (message,) = redis.Redis.from_url(redis_url).lrange("celery", 0, -1)
    assert b"kapok.tick" in message
    assert doorbell.application(redis_url).conf.result_backend is None


def test_a_broker_that_is_away_neither_fails_nor_holds_the_caller():
    doorbell.install(f"redis://127.0.0.1:{process.free_port()}/0")
    began = time.monotonic()
    for _ in range(50):
        tasks.ring()
    assert time.monotonic() - began < 3


def test_without_a_broker_the_worker_says_what_is_missing(environment, tmp_path):
    log = tmp_path / "log"
    started = process.start([CELERY, "-A", "worker", "worker"], log, env={**environment, "CELERY_BROKER_URL": ""})
    assert started.wait(30) != 0
    assert "CELERY_BROKER_URL is not set" in log.read_text()
