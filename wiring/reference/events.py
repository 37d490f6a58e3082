"""events.md: what the packages tell one another, who listens, and what is done from time to time."""

import dataclasses
import importlib.util
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_type_hints

from kernel.outbox import Event
from wiring.reference.markdown import code, first_sentence, table

_PACKAGES = ("connectors", "idp", "profiles", "subscriptions")


def lines() -> Iterator[str]:
    from wiring.parts import HANDLERS, PERIODIC

    yield "# Events and periodic work"
    yield ""
    yield "An event is written in the transaction that made it happen and delivered afterwards: at least once, in any"
    yield "order, to each handler in a transaction of its own. What fails is tried again, later and later."
    for event in events():
        yield ""
        yield f"## `{event.event_name}`"
        yield ""
        yield first_sentence(event)
        hints = get_type_hints(event)
        yield from table(
            ("Field", "Type", "Default"),
            ((code(f.name), _type(hints[f.name]), _default(f)) for f in dataclasses.fields(event)),  # type: ignore[arg-type]  # every event is a dataclass
        )
        listening = [code(handler.name) for handler in HANDLERS if handler.event is event]
        yield f"Handled by: {', '.join(listening) or 'nobody yet'}."
    yield ""
    yield "## Periodic work"
    yield from table(
        ("Name", "Every", "What it does"),
        ((code(one.name), _span(one.every), first_sentence(one.run)) for one in sorted(PERIODIC, key=lambda p: p.name)),
    )


def events() -> list[type[Event]]:
    """Every event of every package, by name."""
    for package in _PACKAGES:
        if importlib.util.find_spec(f"{package}.events"):
            importlib.import_module(f"{package}.events")
    # A slotted dataclass replaces the class that was written; the module names the one that counts.
    ours = {
        event
        for event in Event.__subclasses__()
        if event.__module__.partition(".")[0] in _PACKAGES
        and getattr(sys.modules[event.__module__], event.__name__, None) is event
    }
    return sorted(ours, key=lambda event: event.event_name)


def _type(hint: Any) -> str:
    return code(getattr(hint, "__name__", None) if isinstance(hint, type) else str(hint).replace("datetime.", ""))


def _default(field: dataclasses.Field[Any]) -> str:
    return "" if field.default is dataclasses.MISSING else code(field.default)


def _span(every: timedelta) -> str:
    seconds = int(every.total_seconds())
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            n = seconds // size
            return f"{n} {word}{'s' if n != 1 else ''}"
    return str(every)
