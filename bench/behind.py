"""Everybody through a server, one after the other in every round: requests/s, latencies, processor time a request."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import figures as names
from bench.figures import Figures
from bench.load import measure, pss_mb, workers
from bench.ours import login
from bench.sent import Got, Sent, basic, get, post
from bench.servers import Inside, Server, granian, peer
from bench.setting import Setting

PATHS = {"jwks": "/jwks", "discovery": "/.well-known/openid-configuration"}
_SECRET, _VERIFIER = "s" * 43, "v" * 64
_CALLBACK = "https://portal.example.gov.cn/cb"
SAME = frozenset({"client_credentials", *PATHS, "userinfo again", "introspection again"})


def fetch(port: int) -> Callable[[Sent], Got]:
    """A browser's request to a running server, redirects not followed."""

    def ask(sent: Sent) -> Got:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{sent.path}", headers=dict(sent.headers))
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Got(status=answer.status, headers=list(answer.headers.items()), body=answer.read())

    return ask


def ours(inside: Inside, server: Server, figures: Figures, setting: Setting) -> None:
    """One round of every operation."""
    others = {"database": setting.postgres_pid} if inside.name == names.POSTGRESQL else {}
    for operation in inside.ask("operations"):
        count, expect, connections = setting.requests(operation), (200,), 16
        if operation == "login":
            sent = [login(fetch(server.port)).raw() for _ in range(count)]
            expect, connections = (303,), 4  # more would meet a full queue for hashes
        else:
            sent = inside.requests(operation, 1 if operation in SAME else count)
        load = measure(
            sent, server.port, server=server.pid, others=others, count=count, connections=connections, expect=expect
        )
        figures.behind[inside.name, operation].append(load)
    figures.pss[inside.name] = max(pss_mb(pid) for pid in workers(server.pid))


def theirs(name: str, server: Server, figures: Figures, setting: Setting) -> None:
    portal, machine = basic("portal", _SECRET), basic("machine", _SECRET)
    others = {"database": setting.redis_pid} if name == names.REDIS else {}

    def prepared(kind: str) -> list[str]:
        count = setting.requests(kind)
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/bench/{kind}?n={count}", timeout=60) as answer:
            made: list[str] = json.loads(answer.read())
            return made

    def exchange(code: str) -> Sent:
        form = {"grant_type": "authorization_code", "redirect_uri": _CALLBACK, "code_verifier": _VERIFIER}
        return post("/token", {**form, "code": code}, Authorization=portal)

    def refresh(token: str) -> Sent:
        return post("/token", {"grant_type": "refresh_token", "refresh_token": token}, Authorization=portal)

    operations: dict[str, Callable[[], list[Sent]]] = {
        "client_credentials": lambda: [post("/token", {"grant_type": "client_credentials"}, Authorization=machine)],
        "code": lambda: [exchange(code) for code in prepared("code")],
        "refresh": lambda: [refresh(token) for token in prepared("refresh")],
        "userinfo": lambda: [get("/me", Authorization=f"Bearer {token}") for token in prepared("access")],
        "introspection": lambda: [
            post("/token/introspection", {"token": token}, Authorization=portal) for token in prepared("access")
        ],
        "jwks": lambda: [get(PATHS["jwks"])],
        "discovery": lambda: [get(PATHS["discovery"])],
    }
    for operation, prepare in operations.items():
        sent = [one.raw() for one in prepare()]
        count = setting.requests(operation)
        load = measure(sent, server.port, server=server.pid, others=others, count=count)
        figures.behind[name, operation].append(load)
    figures.pss[name] = max(pss_mb(pid) for pid in workers(server.pid))


def bare(server: Server, figures: Figures, setting: Setting) -> None:
    for operation, path in PATHS.items():
        load = measure([get(path).raw()], server.port, server=server.pid, count=setting.requests(operation))
        figures.behind[names.BARE, operation].append(load)


def run(insides: list[Inside], figures: Figures, setting: Setting, say: Callable[[str], None]) -> None:
    """Start everybody, go round, stop everybody."""
    with TemporaryDirectory(prefix="kapok-bench-") as folder:
        documents = Path(folder) / "documents"
        documents.write_text(
            json.dumps({path: insides[0].ask("document", operation=name) for name, path in PATHS.items()})
        )
        environ = {"BENCH_DOCUMENTS": str(documents)}
        running: list[Server] = []
        try:
            plain = granian("bench.bare:app", Path(folder), environ, workers=1, ready=PATHS["jwks"])
            running.append(plain)
            us = [(inside, inside.serve(workers=setting.workers(inside.name))) for inside in insides]
            running += [server for _, server in us]
            them = [
                (names.MEMORY, peer(Path(folder), None)),
                (names.REDIS, peer(Path(folder), setting.redis_url(2))),
            ]
            running += [server for _, server in them]
            for number in range(setting.rounds + 1):
                say(f"behind servers, round {number} of {setting.rounds}" if number else "warming the servers up")
                into = figures if number else Figures()
                bare(plain, into, setting)
                for inside, server in us:
                    ours(inside, server, into, setting)
                for name, server in them:
                    theirs(name, server, into, setting)
        finally:
            for server in running:
                server.stop()
