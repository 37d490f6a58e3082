"""The two doors behind a real server: bodies as they come, odd requests, and the stop."""

import json
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
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


@contextmanager
def serving(folder, template):
    """A server of its own; yields its process, port and folder."""
    shutil.copyfile(template, folder / "kapok.db")
    port = process.free_port()
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "FOLDER": str(folder),
        "KAPOK_DEMO": "1",
        "INSTANCE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/kapok.db",
        "PORT": str(port),
        **SECRETS,
    }
    granian = Path(sys.executable).with_name("granian")
    command = [granian, "--interface", "wsgi", "--port", str(port), "--no-ws", "tests.protocol.server_app:app"]
    log = folder / "log"
    started = process.start(command, log, env=environment)
    try:
        process.wait_until(lambda: status(port, "/healthz") == 200, started, log)
        yield started, port, folder
    finally:
        process.stop(started, signal.SIGKILL)


@pytest.fixture(scope="module")
def port(tmp_path_factory, sqlite_template):
    with serving(tmp_path_factory.mktemp("server"), sqlite_template) as (_, port, _):
        yield port


def status(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return None


def test_running_requests_and_tasks_finish_and_nothing_new_begins(tmp_path, sqlite_template):
    with serving(tmp_path, sqlite_template) as (started, port, folder):
        stop_while_working(started, port, folder)


def stop_while_working(started, port, folder):
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


def exchange(port, text):
    """What the server answers to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(text)
        return b"".join(iter(lambda: line.recv(65536), b""))


def chunked(path, *chunks):
    head = f"POST {path} HTTP/1.1\r\nHost: evil.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (*chunks, b""))


def test_bodies_are_read_whole_or_refused_whatever_their_framing(port):
    whole = exchange(port, chunked("/echo/%E5%80%BC", b"x" * 70_000, b"y" * 70_000))
    assert b" 200 " in whole.splitlines()[0]
    told = json.loads(whole.partition(b"\r\n\r\n")[2])
    assert (told["length"], told["address"]) == (140_000, "127.0.0.1")
    assert b" 413 " in exchange(port, chunked("/echo/x", *[b"x" * 70_000] * 3)).splitlines()[0]
    declared = b"POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\nConnection: close\r\n\r\n"
    assert b" 413 " in exchange(port, declared).splitlines()[0]


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"GET /me?x=%00 HTTP/1.1", b"", b"400"),
        (b"GET /jwks?x=%00 HTTP/1.1", b"", b"200"),
        (b"GET /%00 HTTP/1.1", b"", b"400"),
        (b"GET /%ff%fe HTTP/1.1", b"", b"404"),
        (b"GET /login?next=" + b"a" * 9000 + b" HTTP/1.1", b"", b"414"),
        (b"GET /login HTTP/1.1", b"Cookie: a=" + b"x" * 20_000 + b"\r\n", b"431"),
        (b"GET /login HTTP/1.1", b"Cookie: kapok=s.\xff\xfe; ui_prefs=%ff\r\n", b"200"),
        (b"BREW /token HTTP/1.1", b"", b"405"),
        (b"BREW /login HTTP/1.1", b"", b"405"),
        (b"GET //other.example/.. HTTP/1.1", b"", b"404"),
        (b"POST /token HTTP/1.1", b"Content-Type: application/x-www-form-urlencoded; charset=gbk\r\n", b"400"),
        (b"POST /login HTTP/1.1", b"Content-Type: multipart/form-data\r\n", b"400"),
    ],
)
def test_odd_requests_have_an_answer_of_their_own(port, request_line, headers, status):
    answer = exchange(port, request_line + b"\r\nHost: evil.example\r\nConnection: close\r\n" + headers + b"\r\n")
    assert answer.splitlines()[0].split()[1] == status
    assert b"evil.example" not in answer


def test_ready_means_that_database_store_and_worker_answer(port):
    assert status(port, "/readyz") == 200
