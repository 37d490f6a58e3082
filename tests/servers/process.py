"""Servers that a test session starts for itself and that never outlive it."""

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    command: Sequence[str | Path],
    log: Path,
    *,
    user: str | None = None,
    end: signal.Signals = signal.SIGTERM,
    env: dict[str, str] | None = None,
    cwd: str | Path = "/tmp",
) -> subprocess.Popen[bytes]:
    """Start a server whose output goes to ``log``; the kernel sends it ``end`` even if this process is killed."""
    account = pwd.getpwnam(user) if user else None
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            start_new_session=True,  # a group of its own, so that ``stop`` finds its children
            preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, int(end)),  # noqa: PLW1509  # one call, no lock
        )


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, *, seconds: float = 20) -> None:
    """Return when ``ready`` says so; fail with the server's own words when it ends or takes too long."""
    until = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """End the server, and whatever children it leaves: those of one that was killed would go on working."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def user_for_servers(name: str) -> str | None:
    """PostgreSQL refuses to run as root; its packaged user does instead."""
    return name if os.geteuid() == 0 else None
