"""Inside the process: floors and operations in turn, so that both sides of a ratio stand beside each other."""

from collections.abc import Callable

from bench.figures import Figures
from bench.servers import Inside
from bench.setting import Setting


def run(insides: list[Inside], figures: Figures, setting: Setting, say: Callable[[str], None]) -> None:
    for inside in insides:
        floors, operations = inside.ask("floors"), inside.ask("operations")
        loaded = set(inside.ask("loaded"))
        figures.lazy |= {name: name not in loaded for name in ("celery", "requests")}
        for number in range(1, setting.rounds + 1):
            say(f"in the process, {inside.name}, round {number} of {setting.rounds}")
            for floor in floors:
                n = setting.calls(floor) * (1 if floor == "Argon2id" else 4)
                figures.inside[inside.name, floor].append(inside.ask("floor", name=floor, n=n))
            for operation in operations:
                spent = inside.ask("cpu", operation=operation, n=setting.calls(operation))
                figures.inside[inside.name, operation].append(spent)


def sizes(
    insides: list[Inside],
    another: Callable[[str], Inside],
    figures: Figures,
    setting: Setting,
    say: Callable[[str], None],
) -> None:
    """The same operations with few and with many stored tokens of one person at one client."""
    for few in insides:
        many = another(few.name)
        say(f"storing {setting.families[1]:,} families, {few.name}")
        operations = [op for op in ("code", "refresh", "userinfo", "introspection") if op in few.ask("operations")]
        for inside, families in zip((few, many), setting.families, strict=True):
            inside.ask("grow", families=families)
            for operation in operations:
                inside.ask("cpu", operation=operation, n=100)
        for number in range(1, setting.rounds + 1):
            say(f"few and many families, {few.name}, round {number}")
            for operation in operations:
                n = setting.calls(operation)
                passed = [inside.ask("both", operation=operation, n=n)[1] for inside in (few, many)]
                figures.grown[few.name, operation].append((passed[0], passed[1]))


def counts(insides: list[Inside], figures: Figures) -> None:
    """Last of all: an engine that was listened to once is slower ever after."""
    for inside in insides:
        for operation in inside.ask("operations"):
            figures.counts[inside.name, operation] = inside.ask("statements", operation=operation, n=2)
