"""Logins that fail all the time, and sweeping: what everybody else notices of them."""

import time
from collections.abc import Callable

from bench.behind import fetch
from bench.figures import Figures
from bench.load import Load, loading, measure, result
from bench.ours import login
from bench.servers import Inside, Server
from bench.setting import Setting

PROBES = ("discovery", "client_credentials", "code", "refresh", "userinfo")
FLOOD = 16


def run(insides: list[Inside], figures: Figures, setting: Setting, say: Callable[[str], None]) -> None:
    for inside in insides:
        _one(inside, figures, setting, say)


def _one(inside: Inside, figures: Figures, setting: Setting, say: Callable[[str], None]) -> None:
    server = inside.serve(workers=setting.workers(inside.name))
    try:
        say(f"failing logins, {inside.name}")
        _flood(inside, server, figures, setting)
        say(f"sweeping, {inside.name}")
        _sweep(inside, server, figures, setting)
    finally:
        server.stop()


def _probe(inside: Inside, server: Server, operation: str, count: int) -> Load:
    """One after the other on one connection: what a single client sees."""
    sent = inside.requests(operation, count)
    return measure(sent, server.port, server=server.pid, count=count, connections=1)


def _flood(inside: Inside, server: Server, figures: Figures, setting: Setting) -> None:
    count = 50 if setting.quick else 600
    for operation in PROBES:  # both sides of the ratio are warm
        _probe(inside, server, operation, count)
    idle = {operation: _probe(inside, server, operation, count) for operation in PROBES}
    wrong = [login(fetch(server.port), f"nobody{n}", "not the password").raw() for n in range(64)]
    with loading(wrong, server.port, connections=FLOOD, count=10**6, seconds=600) as client:
        time.sleep(1)
        for operation, before in idle.items():
            during = _probe(inside, server, operation, count)
            figures.isolation[inside.name, operation] = (before, during)
        client.terminate()
        found = result(client)
    figures.floods[inside.name] = Load(
        count=found["count"],
        per_second=found["count"] / found["wall"],
        p50=found["p50"],
        p99=found["p99"],
        most=found["most"],
        statuses=found["statuses"],
    )


def _sweep(inside: Inside, server: Server, figures: Figures, setting: Setting) -> None:
    """Logins while another process sweeps, as the periodic task of a worker does."""
    count = 8 if setting.quick else 60
    idle = _logins(server, count)
    inside.ask("expire", n=setting.expired)
    forms = [login(fetch(server.port)).raw() for _ in range(count)]
    inside.begin("sweep")
    time.sleep(0.1)
    during = measure(forms, server.port, server=server.pid, connections=2, expect=(303,))
    figures.sweeps[inside.name] = (idle, during, inside.end())


def _logins(server: Server, count: int) -> Load:
    forms = [login(fetch(server.port)).raw() for _ in range(count)]
    return measure(forms, server.port, server=server.pid, connections=2, expect=(303,))
