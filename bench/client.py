"""The load: one process, an event loop over a few open connections, each sending its next request when answered.

``python -m bench.client <file of requests> <port> <connections> <how many> [seconds]`` prints what came back as JSON.
"""

import json
import pickle
import select
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_RECEIVE = 256 * 1024


class Line:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.received = b""

    def send(self, request: bytes) -> None:
        self.received = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> int | None:
        """The status once the answer is whole."""
        piece = self.socket.recv(_RECEIVE)
        if not piece:
            raise ConnectionError(f"the server closed after {self.received[:200]!r}")
        self.received += piece
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        at = head.lower().find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        return int(head[9:12]) if len(body) >= length else None


def run(requests: Sequence[bytes], port: int, connections: int, count: int, seconds: float = 60) -> dict[str, Any]:
    """Send ``count`` requests, from the first again when they run out; begin none after ``seconds``."""
    lines = [Line(port) for _ in range(min(connections, count))]
    waiting = {line.socket.fileno(): line for line in lines}
    poll = select.epoll()
    for number in waiting:
        poll.register(number, select.EPOLLIN)
    spent: list[float] = []
    statuses: Counter[int] = Counter()
    begun, sent = time.perf_counter(), 0
    for line in lines:
        line.send(requests[sent % len(requests)])
        sent += 1
    ending: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(1))  # whoever needs no more still wants to know what was
    until = begun + seconds
    while waiting:
        for number, _ in poll.poll():
            line = waiting[number]
            status = line.read()
            if status is None:
                continue
            now = time.perf_counter()
            spent.append(now - line.began)
            statuses[status] += 1
            if sent < count and now < until and not ending:
                line.send(requests[sent % len(requests)])
                sent += 1
            else:
                poll.unregister(number)
                del waiting[number]
    wall = time.perf_counter() - begun
    for line in lines:
        line.socket.close()
    spent.sort()
    return {
        "count": len(spent),
        "wall": wall,
        "p50": spent[len(spent) // 2] * 1000,
        "p99": spent[min(len(spent) * 99 // 100, len(spent) - 1)] * 1000,
        "most": spent[-1] * 1000,
        "statuses": dict(statuses),
    }


if __name__ == "__main__":
    file, at_port, many, total, *limit = sys.argv[1:]
    loaded = pickle.loads(Path(file).read_bytes())  # our own file
    print(json.dumps(run(loaded, int(at_port), int(many), int(total), float(limit[0]) if limit else 60)))
