"""A logout that waits for the person's word, and the page that follows one: kept for this browser alone."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Final

from idp.sessions import BrowserSession
from kernel import keyvalue
from kernel.ids import new_secret

SECONDS: Final = 30 * 60
_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """``back``: the checked address to go on to; ``portal``: its name. After the logout: ``logout_id`` groups what
    portals are told, ``names`` are all that were used, ``frames`` those to be told in the browser.
    """

    back: str | None = None
    portal: str | None = None
    logout_id: str | None = None
    names: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()


def keep(session: BrowserSession, farewell: Farewell) -> str:
    handle = new_secret(16)
    keyvalue.store().set(_key(session, handle), json.dumps(asdict(farewell)), SECONDS)
    return handle


def get(session: BrowserSession, handle: str | None) -> Farewell | None:
    """What is kept for this browser; None for one that is not, or that is over."""
    if handle is None or not _HANDLE.match(handle):
        return None
    text = keyvalue.store().get(_key(session, handle))
    if text is None:
        return None
    kept = json.loads(text)
    return Farewell(**{**kept, "names": tuple(kept["names"]), "frames": tuple(kept["frames"])})


def _key(session: BrowserSession, handle: str) -> str:
    return f"logout:{session.browser}:{handle}"
