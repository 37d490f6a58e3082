"""The sheet of the demonstration: who can log in where, on the terminal and as `instance/demo.json`."""

import json
import unicodedata
from typing import Any

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
    ending = "The same, with the departments' credentials, is in instance/demo.json. Ctrl-C ends everything."
    return "\n" + "\n".join(lines) + f"\n\n{ending}\n"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
