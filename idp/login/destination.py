"""Where a sign-in goes when it is done, carried from page to page in the query and in hidden fields.

Nothing here is a proof of anything: the flow and the arrival belong to a browser, and whoever uses them checks that.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode

from flask import request

from kernel.web import safe_next

HOME: Final = "/me"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """``flow``: a portal's pending request; ``next``: a page of ours; ``arrival``: a city's account to be proven."""

    flow: str | None = None
    next: str | None = None
    arrival: str | None = None

    @property
    def url(self) -> str:
        """The address after signing in."""
        if self.flow is not None:
            return f"/authorize/resume?{urlencode({'flow': self.flow})}"
        return self.next or HOME

    @property
    def last_flow(self) -> str | None:
        """The portal's request at the end of the way: ``next`` may be a page that itself goes on to one."""
        flow, following = self.flow, self.next
        while flow is None and following is not None:
            query = parse_qs(following.partition("?")[2].partition("#")[0])
            flow, following = query.get("flow", [None])[0], query.get("next", [None])[0]
        return flow

    @property
    def fields(self) -> dict[str, str]:
        """What the next page of the sign-in needs to know."""
        named = {"flow": self.flow, "next": self.next, "arrival": self.arrival}
        return {name: value for name, value in named.items() if value is not None}

    def on(self, path: str, **more: str) -> str:
        """The address of the sign-in's page ``path`` with all this in its query."""
        query = urlencode({**self.fields, **more})
        return f"{path}?{query}" if query else path

    def step_up(self, level: int) -> str:
        """The address where the person who is signed in proves more, up to ``level``, and then goes on."""
        return self.on("/login/step-up", level=str(level))


def of_request() -> Destination:
    """What this request carries; what is malformed is as good as not there."""
    local = safe_next(request.values.get("next"), "")
    return Destination(flow=_id("flow"), next=local or None, arrival=_id("arrival"))


def _id(name: str) -> str | None:
    value = request.values.get(name, "")
    return value if _ID.fullmatch(value) else None
