"""SIGTERM to a real server: what runs is finished, nothing new begins."""

import shutil
import signal
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import SECRETS
from tests.servers import process

ROOT = Path(__file__).parents[2]


def until(true, seconds=20.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


@pytest.fixture
def server(tmp_path, sqlite_template):
    shutil.copyfile(sqlite_template, tmp_path / "kapok.db")
    port = process.free_port()
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "FOLDER": str(tmp_path),
        "KAPOK_DEMO": "1",
        "INSTANCE_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/kapok.db",
        "PORT": str(port),
        **SECRETS,
    }
    granian = Path(sys.executable).with_name("granian")
    command = [granian, "--interface", "wsgi", "--port", str(port), "--no-ws", "tests.protocol.stopping_app:app"]
    log = tmp_path / "log"
    started = process.start(command, log, env=environment)
    process.wait_until(lambda: status(port, "/healthz") == 200, started, log)
    yield started, port, tmp_path
    process.stop(started, signal.SIGKILL)


def status(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return None


def test_running_requests_and_tasks_finish(server):
    started, port, folder = server
    answers = []

    def ask():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/slow", timeout=20) as answer:
            answers.append(answer.read())

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: (folder / "request.began").exists() and (folder / "task.began").exists())

    started.send_signal(signal.SIGTERM)
    until(lambda: status(port, "/healthz") is None)
    assert started.poll() is None
    (folder / "request.go").touch()
    asking.join(10)
    assert answers == [b"whole"]
    assert not (folder / "task.done").exists()

    (folder / "task.go").touch()
    assert started.wait(20) == 0
    assert (folder / "task.done").exists()


def test_ready_names_what_is_not_ready(server):
    _, port, _ = server
    assert status(port, "/readyz") == 200
