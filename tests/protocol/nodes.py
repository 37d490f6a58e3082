"""Further nodes: real servers of the unchanged application over the database of a test."""

import json
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import SECRETS
from tests.servers import process

ROOT = Path(__file__).parents[2]


@contextmanager
def node(folder: Path, url: str, **environment: str) -> Iterator[int]:
    """A server of its own over the database at ``url``; its port. The issuer stays that of the tests."""
    folder.mkdir()
    port = process.free_port()
    env = {
        "PATH": "/usr/bin:/bin",
        "KAPOK_DEMO": "1",
        "INSTANCE_DIR": str(folder),
        "DATABASE_URL": url,
        **SECRETS,
        **environment,
    }
    granian = Path(sys.executable).with_name("granian")
    command = [
        granian,
        "--interface",
        "wsgi",
        "--port",
        str(port),
        "--no-ws",
        "--workers-kill-timeout",
        "3",
        "wsgi:app",
    ]
    log = folder / "log"
    started = process.start(command, log, env=env, cwd=ROOT)
    try:
        process.wait_until(lambda: _answers(port), started, log, seconds=40)
        yield port
    finally:
        # Not killed: its worker would stay behind and go on sweeping the database under the next test.
        process.stop(started, signal.SIGTERM)
        started.wait(30)


def post(port: int, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
    """Status and JSON of a node's answer to a form."""
    body = urllib.parse.urlencode(form).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=dict(headers))
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
