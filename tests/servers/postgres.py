"""A private PostgreSQL on a Unix socket: own data, gone with the session; durable only for those who measure."""

import os
import pwd
import shutil
import signal
import tempfile
from pathlib import Path

import psycopg

from tests.servers import process

BIN = Path("/usr/lib/postgresql")


def _program(name: str) -> Path:
    found = sorted(BIN.glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1]
    on_path = shutil.which(name)
    if on_path is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return Path(on_path)


class Postgres:
    """``url()`` is for SQLAlchemy. The role owns the server; every database is empty and sorts like C."""

    def __init__(self, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kapok-pg-", dir="/tmp"))
        user = process.user_for_servers("postgres")
        if user:
            account = pwd.getpwnam(user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.folder.chmod(0o755)
        data, log = self.folder / "data", self.folder / "log"
        log.touch()
        initdb: list[str | Path] = [
            _program("initdb"),
            "-D",
            data,
            "-U",
            "kapok",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        made = process.start(initdb, log, user=user)
        if made.wait(60):
            raise RuntimeError(f"initdb failed:\n{log.read_text(errors='replace')[-2000:]}")
        options = {"listen_addresses": "", "unix_socket_directories": self.folder, "max_connections": "100"}
        if not durable:
            options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes", "autovacuum"), "off")
            options["shared_buffers"] = "32MB"
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = process.start(
            [_program("postgres"), "-D", data, *arguments], log, user=user, end=signal.SIGQUIT
        )
        process.wait_until(self._answers, self._process, log)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://kapok@/{database}?host={self.folder}"

    def create(self, database: str, *, template: str = "template0") -> str:
        """Make a database, in place of an older one of that name; its URL."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def stop(self) -> None:
        process.stop(self._process, signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
