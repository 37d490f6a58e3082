"""On what was measured."""

import os
import platform
import shutil
import sqlite3
import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path

from bench.servers import PEER


def described() -> list[str]:
    """Lines for the report."""
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("flask", "authlib", "sqlalchemy", "psycopg", "granian")
    )
    return [
        f"{_processor()}, {os.cpu_count()} cores, {_memory()} GB of memory, {platform.system()}",
        f"Python {platform.python_version()}, {libraries}",
        f"SQLite {sqlite3.sqlite_version}, {_says('psql', '--version')}, {_says('redis-server', '--version')}",
        f"oidc-provider {_peer()} on Node.js {_says('node', '--version')}",
        f"load on the machine when the run began: {os.getloadavg()[0]:.1f}",
    ]


def today() -> str:
    return date.today().isoformat()  # noqa: DTZ011, TID251  # the day of the run, for its reader


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> int:
    kilobytes = int(Path("/proc/meminfo").read_text().split(maxsplit=2)[1])
    return round(kilobytes / 2**20)


def _says(program: str, *arguments: str) -> str:
    found = shutil.which(program)
    if found is None:
        return f"no {program}"
    told = subprocess.run([found, *arguments], capture_output=True, text=True, check=False).stdout
    return " ".join(told.split()[:3])


def _peer() -> str:
    import json

    packages = json.loads((PEER / "package-lock.json").read_text())["packages"]
    return str(packages["node_modules/oidc-provider"]["version"])
