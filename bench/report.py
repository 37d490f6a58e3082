"""The tables, as Markdown."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from bench import figures as names
from bench import machine
from bench.figures import Figures
from bench.goals import Goal
from bench.setting import Setting
from bench.start import AFTER_LOGINS, KAPOK, LIBRARIES, TRIVIAL

OPERATIONS = (
    "client_credentials",
    "code",
    "refresh",
    "userinfo",
    "userinfo again",
    "introspection",
    "introspection again",
    "jwks",
    "discovery",
    "login",
)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns, body = list(head), [list(row) for row in rows]
    if not body:
        return
    yield "| " + " | ".join(columns) + " |"
    yield "|" + " --- |" * len(columns)
    for row in body:
        yield "| " + " | ".join(row) + " |"
    yield ""


def text(f: Figures, found: list[Goal], setting: Setting) -> str:
    few, many = setting.families
    rounds = f"medians of {setting.rounds} rounds" + (", quick" if setting.quick else "")
    lines = [f"Measured on {machine.today()}, {rounds}.", "", *(f"- {line}" for line in machine.described()), ""]
    lines += ["### The goals", "", *_goals(found), f"Few and many are {few:,} and {many:,} families.", ""]
    lines += ["### Inside the process, µs of processor time", "", *_inside(f)]
    lines += ["### SQL statements · writing transactions · Redis commands of one request", "", *_counts(f)]
    lines += ["### Behind the server: requests/s · p50 · p99 in ms · µs of processor time (+ the database's)", ""]
    lines += [*_behind(f), "### Beside", "", *_beside(f)]
    return "\n".join(lines)


def _goals(found: list[Goal]) -> Iterator[str]:
    rows = [
        (str(number), goal.what, f"{goal.found:.2f}", f"≤ {goal.most:g}", goal.verdict)
        for number, each in groupby(found, key=lambda goal: goal.number)
        for goal in each
    ]
    return table(("goal", "what : against what", "found", "wanted", ""), rows)


def _inside(f: Figures) -> Iterator[str]:
    whats = list(dict.fromkeys(what for _, what in f.inside))
    return table(("", *names.OURS), ((what, *(_us(f, who, what) for who in names.OURS)) for what in whats))


def _us(f: Figures, who: str, what: str) -> str:
    return _number(f.us(who, what)) if (who, what) in f.inside else ""


def _counts(f: Figures) -> Iterator[str]:
    def cell(who: str, what: str) -> str:
        found = f.counts.get((who, what))
        return "" if found is None else " · ".join(f"{found[name]:g}" for name in ("sql", "commits", "redis"))

    whats = [what for what in OPERATIONS if (names.SQLITE, what) in f.counts]
    return table(("", *names.OURS), ((what, *(cell(who, what) for who in names.OURS)) for what in whats))


def _behind(f: Figures) -> Iterator[str]:
    whos = [who for who in (*names.OURS, *names.PEERS, names.BARE) if any(name == who for name, _ in f.behind)]

    def cell(who: str, what: str) -> str:
        if (who, what) not in f.behind:
            return ""
        database = f.other(who, what, "database")
        parts = [_number(f.load(who, what, member)) for member in ("per_second", "p50", "p99", "cpu")]
        return " · ".join(parts) + (f" + {_number(database)}" if database else "")

    whats = [what for what in OPERATIONS if any(name == what for _, name in f.behind)]
    return table(("", *whos), ((what, *(cell(who, what) for who in whos)) for what in whats))


def _beside(f: Figures) -> Iterator[str]:
    for who in (*names.OURS, *names.PEERS, KAPOK, AFTER_LOGINS, TRIVIAL):
        if who in f.pss:
            yield f"- memory (PSS) of a worker, {who}: {f.pss[who]:.0f} MB"
    for who in (KAPOK, LIBRARIES):
        if f.first:
            middle = sorted(f.first[who])[len(f.first[who]) // 2]
            yield f"- first answer, {who}: {middle:.2f} s"
    for who, flood in f.floods.items():
        told = ", ".join(f"{n} × {status}" for status, n in sorted(flood.statuses.items()))
        yield f"- failing logins, {who}: {flood.per_second:.0f} a second, answered {told}"
    for who, (idle, during, swept) in f.sweeps.items():
        yield (
            f"- sweeping, {who}: {swept['seconds']:.1f} s in {swept['transactions']:.0f} transactions, the longest"
            f" {swept['longest']:.0f} ms; logins p50 {during.p50:.0f} ms, slowest {during.most:.0f} ms"
            f" (idle {idle.p50:.0f} and {idle.most:.0f})"
        )
    yield ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"
