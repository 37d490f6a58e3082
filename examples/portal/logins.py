"""Who is signed in at a portal: kept in memory under a random key, because a cookie has no room for tokens."""

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from flask import session

LIFE = 3600  # seconds
MOST = 1000


@dataclass(slots=True, kw_only=True)
class Login:
    """``token`` is the token answer; ``id_claims`` are the ID token's, verified; ``claims`` those of userinfo."""

    token: dict[str, Any]
    id_claims: dict[str, Any]
    claims: dict[str, Any]
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    ends_at: float = field(default_factory=lambda: time.time() + LIFE)

    @property
    def name(self) -> str:
        return str(self.claims.get("name") or self.id_claims["sub"])


class Logins:
    def __init__(self) -> None:
        self._logins: OrderedDict[str, Login] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, login: Login) -> None:
        """A new login has a new key: whoever planted the old one in this browser has nothing."""
        with self._lock:
            self._logins.pop(session.get("login", ""), None)
            session["login"] = key = secrets.token_urlsafe(24)
            self._logins[key] = login
            while len(self._logins) > MOST:
                self._logins.popitem(last=False)

    def current(self) -> Login | None:
        login = self._logins.get(session.get("login", ""))
        return login if login is not None and login.ends_at > time.time() else None

    def end(self) -> Login | None:
        """Sign out here; the login that ended."""
        login = self.current()
        with self._lock:
            self._logins.pop(session.pop("login", ""), None)
        return login
