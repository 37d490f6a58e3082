"""Run a demonstration application from its JSON file: one process, one worker, memory only."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

Wsgi = Callable[..., Any]


def main(usage: str, needed: tuple[str, ...], create: Callable[[dict[str, Any], Path], Wsgi]) -> int:
    """Serve ``create(config, folder of the file)`` until SIGTERM or Ctrl-C.

    Codes and sessions live in the memory of the one worker process, so there must not be a second one.
    """
    if len(sys.argv) != 2:
        print(f"usage: {usage}", file=sys.stderr)
        return 2
    path = Path(sys.argv[1])
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        missing = [name for name in needed if name not in config]
    except (OSError, ValueError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    if missing:
        print(f"{path}: add {', '.join(missing)}", file=sys.stderr)
        return 1
    Granian(
        usage,
        address=config.get("address", "127.0.0.1"),
        port=config["port"],
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        log_level=LogLevels.warning,
    ).serve(target_loader=lambda: create(config, path.parent), wrap_loader=False)
    return 0
