"""A process that holds one installation and measures it from inside, one command a line on its standard input.

``python -m bench.inside <settings as JSON>``; each line is ``{"do": name, …}``, each answer one line of JSON. Processor
time is this process's own (``time.process_time``), so a database or Redis on the other end of a socket is apart.
"""

import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import event

from bench import growth
from bench.floors import floors
from bench.ours import Ours, Refused
from bench.sent import call
from idp.tokens.families import FAMILY
from kernel import db, keyvalue

_GOOD = frozenset({200, 303})


class Inside:
    def __init__(self, environ: dict[str, str]) -> None:
        self.ours = Ours(environ)
        for operation in self.ours.operations:
            self.cpu(operation, 3)
        jwks = self.ours.call(self.ours.prepare("jwks", 1)[0]).body
        self._floors = floors(self.ours.database_url, jwks)

    def operations(self) -> list[str]:
        return list(self.ours.operations)

    def floors(self) -> list[str]:
        return list(self._floors)

    def floor(self, name: str, n: int) -> float:
        """Microseconds of one."""
        run = self._floors[name]
        begun = time.process_time()
        for _ in range(n):
            run()
        return (time.process_time() - begun) / n * 1e6

    def cpu(self, operation: str, n: int) -> float:
        """Microseconds of processor time for one request, the WSGI application called directly."""
        return self.both(operation, n)[0]

    def both(self, operation: str, n: int) -> tuple[float, float]:
        """The same, and the median of the time that passed, which counts the database too."""
        environs = [one.environ() for one in self.ours.prepare(operation, n)]
        app, statuses, passed = self.ours.app, set(), []
        begun = time.process_time()
        for environ in environs:
            moment = time.perf_counter()
            statuses.add(call(app, environ).status)
            passed.append(time.perf_counter() - moment)
        spent = time.process_time() - begun
        if not statuses <= _GOOD:
            raise Refused(f"{operation}: {statuses}")
        return spent / n * 1e6, median(passed) * 1e6

    def statements(self, operation: str, n: int) -> dict[str, float]:
        """SQL statements, writing transactions and Redis commands for each request."""
        self.both(operation, 1)  # what is kept for half a minute is there
        sent = self.ours.prepare(operation, n)
        with _counting() as counted:
            before = _redis_commands()
            for one in sent:
                call(self.ours.app, one.environ())
            counted["redis"] = _redis_commands() - before
        return {name: value / n for name, value in counted.items()}

    def requests(self, operation: str, n: int, file: str) -> int:
        """Write prepared requests for the load client."""
        distinct = {one.raw(): None for one in self.ours.prepare(operation, n)}
        Path(file).write_bytes(pickle.dumps(list(distinct)))
        return len(distinct)

    def document(self, operation: str) -> dict[str, Any]:
        """An answer's headers and body, for the bare application that says the same."""
        got = self.ours.call(self.ours.prepare(operation, 1)[0])
        return {"headers": got.headers, "body": got.body.decode()}

    def grow(self, families: int) -> int:
        self.ours.prepare("refresh", 1)
        growth.grow(families)
        return self.ours.rows(FAMILY)

    def expire(self, n: int) -> int:
        return growth.expire(self.ours, n)

    def sweep(self) -> dict[str, float]:
        return growth.sweep()

    def loaded(self) -> list[str]:
        """The modules of others that this application needs, in the order in which they were loaded."""
        return [name for name, module in sys.modules.items() if "site-packages" in str(getattr(module, "__file__", ""))]


def _redis_commands() -> int:
    """What Redis was asked so far by everybody, this question apart; 0 without Redis."""
    store = keyvalue.store()
    if not isinstance(store, keyvalue.RedisStore):
        return 0
    stats: Any = store._redis.info("commandstats")  # noqa: SLF001  # the client that Kapok uses
    return sum(one["calls"] for name, one in stats.items() if name != "cmdstat_info")


@contextmanager
def _counting() -> Iterator[dict[str, int]]:
    counted = {"sql": 0, "commits": 0}
    both = db._both()  # noqa: SLF001  # both pools, as tests/protocol/parties.py listens to them
    engines = (both.writing, both.reading)

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        counted["sql"] += not statement.startswith(("BEGIN", "PRAGMA"))

    def commit(_c: object) -> None:
        counted["commits"] += 1

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    event.listen(engines[0], "commit", commit)
    try:
        yield counted
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
        event.remove(engines[0], "commit", commit)


def serve(inside: Inside) -> None:
    # Answers go to a copy of standard output, so that nothing else can write between them.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            asked = json.loads(line)
            act: Callable[..., Any] = getattr(inside, asked.pop("do"))
            answers.write(json.dumps(act(**asked)) + "\n")
            answers.flush()


if __name__ == "__main__":
    made = Inside(json.loads(sys.argv[1]))
    serve(made)
