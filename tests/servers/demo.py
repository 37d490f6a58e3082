"""The whole demonstration as a newcomer starts it, in a folder and on ports of its own."""

import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers import process

ROOT = Path(__file__).parents[2]
START_SECONDS = 180  # the first start makes and reports the province


class Demo:
    """``sheet`` is `demo.json`. With PostgreSQL, Redis and a broker in ``settings`` it is arranged as in production."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kapok-demo-", dir="/tmp"))
        self.log = self.folder / "log"
        self.settings = {"INSTANCE_DIR": str(self.folder / "instance"), "PORT": str(_three_ports()), **settings}
        self.start()

    def start(self) -> float:
        """Start, or start again with what is there; the seconds until it was ready."""
        begun = time.monotonic()
        (self.folder / "instance" / "demo.json").unlink(missing_ok=True)
        self._process = process.start(
            [sys.executable, "-m", "wiring.demo"],
            self.log,
            env={**_environment(), **self.settings},
            cwd=ROOT,
        )
        process.wait_until(self._ready, self._process, self.log, seconds=START_SECONDS)
        return time.monotonic() - begun

    @property
    def sheet(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "instance" / "demo.json").read_text(encoding="utf-8"))
        return found

    @property
    def issuer(self) -> str:
        return str(self.sheet["issuer"])

    def account(self, name: str) -> dict[str, str]:
        """The account of the sheet whose holder is called ``name``."""
        return next(account for account in self.sheet["accounts"] if account["name"] == name)

    def interrupt(self) -> int:
        """One Ctrl-C; the exit status."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(40)

    def children(self, part: str) -> list[int]:
        """Process ids below the demonstration whose command line has ``part``."""
        parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        below, grew = {self._process.pid}, True
        while grew:
            more = {pid for pid, parent in parents.items() if parent in below} - below
            below |= more
            grew = bool(more)
        return [pid for pid in below if part in _command(pid)]

    def kill(self) -> None:
        """kill -9 of everything at once: a power cut."""
        for pid in sorted({*self.children(""), self._process.pid}):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()

    def remove(self) -> None:
        if self._process.poll() is None:
            self.interrupt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ready(self) -> bool:
        try:
            sheet = self.sheet
            return bool(urllib.request.urlopen(f"{sheet['issuer']}/readyz", timeout=2).status == 200)
        except (OSError, ValueError):
            return False


def _parent(path: Path) -> int:
    try:
        return int(path.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _environment() -> dict[str, str]:
    """Of ours only what a program needs to run: no setting of the developer's shell."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


def _three_ports() -> int:
    """The first of three free ports in a row."""
    while True:
        first = process.free_port()
        try:
            for port in (first + 1, first + 2):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
