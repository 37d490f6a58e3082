"""The sheet of the demonstration: who can log in where, on the terminal and as `instance/demo.json`."""

import json
import shlex
import unicodedata
from collections.abc import Iterator
from typing import Any

from kernel import settings
from kernel.settings import KernelSettings
from wiring.demo.places import Places, Registered


def write(places: Places, registered: Registered) -> None:
    """Write `demo.json`, readable by its owner only: it holds passwords and secrets of the demonstration."""
    sheet: dict[str, Any] = {
        "issuer": places.issuer,
        "admin": registered["admin"],
        "accounts": registered["accounts"],
        "portal": registered["portal"],
        "second_portal": registered["second_portal"],
        "city": registered["city"],
        "mail": f"{places.issuer}/demo/mail",
        "feeds": registered["feeds"],
        "commands": " ".join([*_environment(places), ".venv/bin/flask"]),
    }
    places.sheet.touch(mode=0o600)
    places.sheet.write_text(json.dumps(sheet, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def table(sheet: dict[str, Any]) -> str:
    """What, where, account, password: one line each, aligned also where a character is two columns wide."""
    rows = [("what", "URL", "account", "password")]
    rows.append(("Kapok", sheet["issuer"], "", ""))
    rows.append(("demo portal", sheet["portal"]["url"], "", ""))
    rows.append(("demo city 深圳", sheet["city"]["url"], "", ""))
    rows.append(("mail that would be sent", sheet["mail"], "", ""))
    rows += [
        (f"{account['name']} ({account['kind']})", account["url"], account["login"], account["password"])
        for account in (*sheet["accounts"], sheet["admin"])
    ]
    widths = [max(_width(row[n]) for row in rows) for n in range(4)]
    lines = ["  ".join(cell + " " * (widths[n] - _width(cell)) for n, cell in enumerate(row)).rstrip() for row in rows]
    lines.insert(1, "  ".join("─" * width for width in widths))
    commands = f"Commands of an operator, in this folder: {sheet['commands']} clients list"
    ending = "The same, with the departments' credentials, is in instance/demo.json. Ctrl-C ends everything."
    return "\n" + "\n".join(lines) + f"\n\n{commands}\n{ending}\n"


def _environment(places: Places) -> Iterator[str]:
    """What tells a command in another terminal that it is about this demonstration.

    Connections may hold passwords, so they are named and not shown.
    """
    mine = settings.of(KernelSettings)
    yield "KAPOK_DEMO=1"
    if places.port != 8000:
        yield f"PORT={places.port}"
    if places.issuer != places.web:
        yield f"PUBLIC_URL={shlex.quote(places.issuer)}"
    if str(mine.instance_dir) != "instance":
        yield f"INSTANCE_DIR={shlex.quote(str(mine.instance_dir))}"
    given = {"REDIS_URL": mine.redis_url, "CELERY_BROKER_URL": mine.celery_broker_url}
    if not mine.database_url.startswith("sqlite"):
        given["DATABASE_URL"] = mine.database_url
    yield from (f'{name}="${name}"' for name, value in given.items() if value)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
