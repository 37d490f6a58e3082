"""A private Redis on a free port: nothing is written, gone with the session."""

import shutil
import signal
import tempfile
from pathlib import Path

import redis

from tests.servers import process


class Redis:
    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise RuntimeError("Redis is not installed: apt-get install redis-server")
        self._program = program
        self.folder = Path(tempfile.mkdtemp(prefix="kapok-redis-", dir="/tmp"))
        self.port = process.free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, or start it again after ``stop`` at the same address, empty."""
        log = self.folder / "log"
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = process.start([self._program, *options, "--dir", str(self.folder)], log)
        process.wait_until(self._answers, self._process, log)

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def stop(self) -> None:
        process.stop(self._process, signal.SIGTERM)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
