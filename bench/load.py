"""Load on a server, and what it cost: wall time from the client, processor time and memory from /proc."""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run said; times in milliseconds, ``cpu`` in microseconds of the server's processes for each request."""

    count: int
    per_second: float
    p50: float
    p99: float
    most: float
    cpu: float = 0.0
    others: dict[str, float] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)


def tree(pid: int) -> list[int]:
    """The process and everything below it."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _stat(int(path.name))):
            below.setdefault(int(fields[1]), []).append(int(path.name))
    found = [pid]
    for each in found:  # grows while it is gone through
        found += below.get(each, ())
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; none when the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_times(pid: int) -> dict[int, float]:
    """Seconds of processor time of the process and of each below it, all their threads included.

    By the clock of each process (clock_getcpuclockid(3)): the ticks in /proc are ten milliseconds, too coarse.
    """
    found: dict[int, float] = {}
    for each in tree(pid):
        try:
            found[each] = time.clock_gettime((~each << 3) | 2)
        except OSError:  # it has ended
            continue
    return found


def spent(before: dict[int, float], pid: int) -> float:
    """What was added since; of processes that are new, all."""
    return sum(now - before.get(each, 0.0) for each, now in cpu_times(pid).items())


def pss_mb(pid: int) -> float:
    """Proportional set size: what is shared counts by its share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def workers(pid: int) -> list[int]:
    """The processes of a server that answer: those below it that have none below themselves, or itself."""
    below = [each for each in tree(pid) if each != pid and len(tree(each)) == 1]
    big = [each for each in below if pss_mb(each) > 10]  # not multiprocessing's resource tracker
    return big or [pid]


@contextmanager
def loading(
    requests: Sequence[bytes], port: int, *, connections: int, count: int, seconds: float = 60
) -> Iterator[subprocess.Popen[bytes]]:
    """A client at work; ``result`` reads what it found."""
    with NamedTemporaryFile(prefix="kapok-bench-") as file:
        file.write(pickle.dumps(list(requests)))
        file.flush()
        arguments = [file.name, str(port), str(connections), str(count), str(seconds)]
        client = subprocess.Popen([sys.executable, "-m", "bench.client", *arguments], cwd=ROOT, stdout=subprocess.PIPE)
        try:
            yield client
        finally:
            if client.poll() is None:
                client.terminate()
            client.wait()


def result(client: subprocess.Popen[bytes]) -> dict[str, Any]:
    out, _ = client.communicate(timeout=180)
    if client.returncode:
        raise RuntimeError("the load did not come to its end")
    found: dict[str, Any] = json.loads(out)
    found["statuses"] = {int(status): n for status, n in found["statuses"].items()}
    return found


def measure(
    requests: Sequence[bytes],
    port: int,
    *,
    server: int,
    others: dict[str, int] | None = None,
    count: int = 0,
    connections: int = 16,
    expect: Collection[int] = (200,),
    seconds: float = 60,
) -> Load:
    """Send the requests. ``server`` and ``others`` are the processes whose time is read, each with all below it."""
    watched = {"": server, **(others or {})}
    before = {name: cpu_times(pid) for name, pid in watched.items()}
    wanted = count or len(requests)
    with loading(requests, port, connections=connections, count=wanted, seconds=seconds) as client:
        found = result(client)
    used = {name: spent(before[name], pid) / found["count"] * 1e6 for name, pid in watched.items()}
    if expect and not set(found["statuses"]) <= set(expect):
        raise RuntimeError(f"answers {found['statuses']} to {requests[0].splitlines()[0]!r}")
    return Load(
        count=found["count"],
        per_second=found["count"] / found["wall"],
        p50=found["p50"],
        p99=found["p99"],
        most=found["most"],
        cpu=used.pop(""),
        others=used,
        statuses=found["statuses"],
    )
