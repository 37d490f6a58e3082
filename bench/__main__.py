"""``make bench``: measure everything in one run and print the tables.

``make bench ARGS="--quick"`` takes two minutes, ``ARGS="--output FILE"`` writes the tables into FILE, below its line
``<!-- measured -->`` where it has one; ``--only inside,behind,growth,isolation,start`` leaves parts out.
"""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import behind, goals, isolation, report, start, within
from bench.figures import POSTGRESQL, SQLITE, Figures
from bench.servers import Inside
from bench.setting import Setting
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis

PARTS = ("inside", "behind", "growth", "isolation", "start")
MARK = "<!-- measured -->\n"


def main(arguments: argparse.Namespace) -> int:
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:5.0f} s  {text}", file=sys.stderr, flush=True)

    with ExitStack() as stack:
        postgres = Postgres(durable=True)
        stack.callback(postgres.stop)
        redis = Redis()
        stack.callback(redis.remove)
        rounds = arguments.rounds or (3 if arguments.quick else 7)
        setting = Setting(quick=arguments.quick, rounds=rounds, postgres=postgres, redis=redis)

        def install(name: str, database: str) -> Inside:
            made = Inside(name, setting.environ(database) if name == POSTGRESQL else {})
            stack.callback(made.remove)
            return made

        insides = [install(name, "kapok") for name in (SQLITE, POSTGRESQL)]
        figures = Figures()
        parts: dict[str, Callable[[], None]] = {
            "inside": lambda: within.run(insides, figures, setting, say),
            "behind": lambda: behind.run(insides, figures, setting, say),
            "growth": lambda: within.sizes(insides, lambda name: install(name, "many"), figures, setting, say),
            "isolation": lambda: isolation.run(insides, figures, setting, say),
            "start": lambda: start.run(insides[0], figures, setting, say),
        }
        for part in arguments.only.split(","):
            parts[part]()
        within.counts(insides, figures)
        text = report.text(figures, goals.goals(figures), setting)
    print(text)
    if arguments.output:
        _write(arguments.output, text)
    return 0


def _write(path: Path, text: str) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = before.partition(MARK)[0] + MARK if MARK in before else ""
    path.write_text(f"{kept}\n{text}" if kept else text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--output", type=Path, default=None)
    sys.exit(main(parser.parse_args()))
