"""Whom the load is sent to: Kapok behind granian as deployed, the peer under node, bare applications behind granian."""

import json
import pickle
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from bench.load import ROOT
from kernel.ids import new_secret
from kernel.settings import new_encryption_key
from tests.servers import process

PEER: Final = ROOT / "bench" / "peer"
PATH: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT / "bench" / "production")}
THREADS: Final = "32"  # as docs/howto/production.md
_FAR: Final = "1000000"  # a flood of failing logins shall meet the hash and not the pause
SETTINGS: Final = {
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "SECRET_KEY": new_secret(),
    "BLIND_INDEX_KEY": new_secret(),
    "ENCRYPTION_KEYS": new_encryption_key(),
    "CODE_SECONDS": "600",
    "LOGIN_TRIES": _FAR,
    "LOGIN_TRIES_EVERYWHERE": _FAR,
    "LOGIN_TRIES_ADDRESS": _FAR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server; ``pid`` is the top of its processes."""

    port: int
    running: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.running.pid

    def stop(self) -> None:
        process.stop(self.running, signal.SIGTERM)


def answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status) == 200
    except OSError:
        return False


def granian(app: str, folder: Path, environ: Mapping[str, str], *, workers: int, ready: str = "/healthz") -> Server:
    """As docs/howto/production.md starts it; what it logs goes to a file, as it would to a journal."""
    port = process.free_port()
    program = Path(sys.executable).with_name("granian")
    command = [str(program), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    command += ["--workers", str(workers), "--blocking-threads", THREADS, "--log-level", "warning", app]
    log = folder / "granian.log"
    running = process.start(command, log, env={**PATH, **environ}, cwd=ROOT)
    process.wait_until(lambda: answers(port, ready), running, log, seconds=60)
    return Server(port=port, running=running)


def peer(folder: Path, redis_url: str | None) -> Server:
    """oidc-provider; its packages come at first use."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        raise RuntimeError("the peer needs Node.js 20 or newer with npm")
    if not (PEER / "node_modules" / "oidc-provider").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=PEER, check=True)
    port = process.free_port()
    log = folder / "peer.log"
    command = [node, str(PEER / "server.mjs"), str(port), *([redis_url] if redis_url else [])]
    running = process.start(command, log, env={**PATH, "NODE_ENV": "production"}, cwd=PEER)
    process.wait_until(lambda: answers(port, "/jwks"), running, log)
    return Server(port=port, running=running)


class Inside:
    """A process of ``bench.inside`` and the installation it holds; ``inside.cpu(operation=…, n=…)`` asks it."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self.folder = Path(mkdtemp(prefix="kapok-bench-"))
        self.name = name
        self.environ = {**SETTINGS, "INSTANCE_DIR": str(self.folder), **environ}
        self.environ.setdefault("DATABASE_URL", f"sqlite:///{self.folder}/kapok.db")
        self._log = self.folder / "inside.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.inside", json.dumps(self.environ)],
                cwd=ROOT,
                env=PATH,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def begin(self, act: str, **arguments: Any) -> None:
        """Ask without waiting; ``end`` waits."""
        pipe = self._process.stdin
        if pipe is None:
            raise RuntimeError("no pipe")
        pipe.write(json.dumps({"do": act, **arguments}) + "\n")
        pipe.flush()

    def end(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"{self.name} ended:\n{self._log.read_text(errors='replace')[-3000:]}")
        return json.loads(line)

    def ask(self, act: str, **arguments: Any) -> Any:
        self.begin(act, **arguments)
        return self.end()

    def requests(self, operation: str, n: int) -> list[bytes]:
        """Prepared requests, as bytes for a socket."""
        file = self.folder / "requests"
        self.ask("requests", operation=operation, n=n, file=str(file))
        loaded: list[bytes] = pickle.loads(file.read_bytes())  # our own file
        return loaded

    def serve(self, *, workers: int) -> Server:
        return granian("wsgi:app", self.folder, self.environ, workers=workers)

    def remove(self) -> None:
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
