"""The start: the first answer beside the import of what it needs, a worker's memory beside the least application's."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.behind import fetch
from bench.figures import Figures
from bench.load import measure, pss_mb, workers
from bench.ours import login
from bench.sent import get
from bench.servers import Inside, Server, granian
from bench.setting import Setting

KAPOK, LIBRARIES, TRIVIAL = "Kapok", "the libraries alone", "the least application"
AFTER_LOGINS = "Kapok after logins"
WARM, LOGINS = 2_000, 40


def run(inside: Inside, figures: Figures, setting: Setting, say: Callable[[str], None]) -> None:
    with TemporaryDirectory(prefix="kapok-bench-") as name:
        folder = Path(name)
        listed = folder / "libraries"
        listed.write_text("\n".join(module for module in inside.ask("loaded") if module != "__main__"))
        libraries = {"BENCH_LIBRARIES": str(listed)}
        for number in range(setting.rounds + 1):  # the first one compiles what was never imported
            say(f"starting, round {number} of {setting.rounds}")
            for who, app, environ, ready in (
                (LIBRARIES, "bench.libraries:app", libraries, "/"),
                (KAPOK, "wsgi:app", inside.environ, "/jwks"),
            ):
                spent = _first_answer(app, folder, environ, ready)
                if number:
                    figures.first[who].append(spent)
        say("memory")
        trivial = {"DATABASE_URL": f"sqlite:///{folder}/trivial.db"}
        least = granian("bench.trivial:app", folder, trivial, workers=1, ready="/")
        figures.pss[TRIVIAL] = _warm(least, [get("/").raw()] * WARM)
        same = [one for op in ("discovery", "client_credentials") for one in inside.requests(op, 1)] * (WARM // 4)
        figures.pss[KAPOK] = _warm(inside.serve(workers=1), same + inside.requests("code", WARM // 2))
        figures.pss[AFTER_LOGINS] = _logged_in(inside.serve(workers=1))


def _first_answer(app: str, folder: Path, environ: Mapping[str, str], ready: str) -> float:
    """Seconds from starting the server to its first answer."""
    begun = time.perf_counter()
    server = granian(app, folder, environ, workers=1, ready=ready)
    spent = time.perf_counter() - begun
    server.stop()
    return spent


def _warm(server: Server, requests: list[bytes]) -> float:
    """Megabytes of its worker after some thousand requests."""
    try:
        measure(requests, server.port, server=server.pid)
        return max(pss_mb(pid) for pid in workers(server.pid))
    finally:
        server.stop()


def _logged_in(server: Server) -> float:
    """The same after logins in all its threads: whether what a hash takes is given back."""
    forms = [login(fetch(server.port)).raw() for _ in range(LOGINS)]
    try:
        measure(forms, server.port, server=server.pid, connections=4, expect=(303,))
        return max(pss_mb(pid) for pid in workers(server.pid))
    finally:
        server.stop()
