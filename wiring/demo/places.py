"""Where the demonstration lives: its folder, its ports, and the checks that say what to do when one cannot be had."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel import settings
from kernel.settings import KernelSettings

HOST = "127.0.0.1"
PASSWORD = "Kapok-demo-2026"  # noqa: S105  # printed by every start; refused outside demo mode by the users command


Registered = dict[str, Any]
"""What was registered, as `registered.json` keeps it: clients and their secrets, accounts, feeds."""


class Stop(Exception):
    """Something in the way; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    folder: Path  # instance/
    port: int

    @property
    def issuer(self) -> str:
        return settings.of(KernelSettings).public_url

    @property
    def web(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def portal(self) -> str:
        return f"http://{HOST}:{self.port + 1}"

    @property
    def city(self) -> str:
        return f"http://{HOST}:{self.port + 2}"

    @property
    def sheet(self) -> Path:
        return self.folder / "demo.json"

    @property
    def files(self) -> Path:
        """What departments sent, and what city and portal are configured with."""
        return self.folder / "demo"

    @property
    def registered(self) -> Path:
        """Clients and their secrets, accounts, feeds: what the sheet is made of."""
        return self.files / "registered.json"

    @property
    def seeded(self) -> Path:
        return self.files / "seeded"


def check(places: Places) -> None:
    """Refuse early and plainly: a read-only folder, a busy port. An old Python is refused by the set-up.

    :raises Stop: with the one line to print.
    """
    try:
        places.files.mkdir(parents=True, exist_ok=True)
        probe = places.folder / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError:
        raise Stop(
            f"{places.folder} cannot be written: make it yours, or set INSTANCE_DIR to a folder that is"
        ) from None
    for port in range(places.port, places.port + 3):
        with socket.socket() as probe_socket:
            probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe_socket.bind((HOST, port))
            except OSError:
                other = f"PORT={places.port + 1000} make run"
                raise Stop(f"port {port} is in use: stop what listens there, or choose others with {other}") from None
