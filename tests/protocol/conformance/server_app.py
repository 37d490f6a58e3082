"""The real application for the conformance suite: its portals within reach, its people, and a clock that can be moved.

Three things here are the suite's own: ``/suite/clock`` moves the time of this process and of what it keeps,
``/suite/keys`` is the operator's ``flask keys rotate`` in this process, and names under ``rp.test`` are this machine.
"""

import ipaddress
import time
from datetime import UTC, datetime, timedelta

from idp.accounts import add as accounts
from idp.tokens import keys
from kernel import clock, db, egress
from kernel.machine import Answer, Endpoint, Request, json_answer
from tests.protocol.conformance.people import PEOPLE
from wiring import app as wiring_app
from wiring import parts

HERE = ipaddress.ip_address("127.0.0.1")
ahead = timedelta()
monotonic = time.monotonic


def now() -> datetime:
    return datetime.now(UTC) + ahead


def move_clock(request: Request) -> Answer:
    global ahead  # noqa: PLW0603  # one clock per process
    ahead += timedelta(seconds=request.json()["seconds"])
    return json_answer({"now": now().timestamp()})


def rotate_keys(_request: Request) -> Answer:
    with db.transaction() as session:
        made = [keys.rotate(session, alg) for alg in keys.ALGORITHMS]
    return json_answer({"kids": made})


def reach_the_suite() -> None:
    """The portals of the suite are on this machine, under names of the Internet; everything else is judged as ever."""
    resolve, permitted = egress.resolve, egress.permitted

    def resolve_here(host: str, port: int, timeout: float):
        return (HERE,) if host.endswith(".rp.test") else resolve(host, port, timeout)

    def permit_here(address: egress.IpAddress, allowed):
        return address == HERE or permitted(address, allowed)

    egress.resolve, egress.permitted = resolve_here, permit_here


reach_the_suite()
clock._now = now
time.monotonic = lambda: monotonic() + ahead.total_seconds()
parts.ENDPOINTS = (
    *parts.ENDPOINTS,
    Endpoint(path="/suite/clock", handle=move_clock, methods=("POST",)),
    Endpoint(path="/suite/keys", handle=rotate_keys, methods=("POST",)),
)
app = wiring_app.serve()

checked = [accounts.check(person)[0] for person in PEOPLE]
with db.transaction() as session:
    accounts.add(session, [person for person in checked if person is not None])
