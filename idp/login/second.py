"""The second step of a sign-in: after the right password, a code, where the account has enrolled an app.

The half-done sign-in stays here, under an id that belongs to one browser, for five minutes. Whoever sends a code takes
it out of the store; only a wrong code puts it back, five times at most. So it is completed once, and tries that come at
the same moment are no more tries.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from idp import factor as factors
from idp import sessions
from idp.factor import MFA
from idp.login import authenticators, code
from idp.login.destination import Destination
from idp.login.errors import Blocked, Expired, TooManyCodes, WrongCode
from idp.login.finish import Way, finish
from idp.models.account import ACTIVE, Account
from kernel import audit, clock, keyvalue
from kernel.db import after_commit, transaction
from kernel.errors import Unavailable
from kernel.ids import new_secret

LIFE: Final = timedelta(minutes=5)
TRIES: Final = 5
PAGE: Final = "/login/second"
_STEP: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfDone:
    """A sign-in whose first step was right: whose, how, and where it goes when it is done."""

    account_id: str
    way: Way
    goal: Destination
    until: datetime
    wrong: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"until": self.until.isoformat()})

    @classmethod
    def from_json(cls, text: str) -> "HalfDone":
        values: dict[str, Any] = json.loads(text)
        way: Mapping[str, Any] = values["way"]
        return cls(
            account_id=values["account_id"],
            way=Way(**{**way, "amr": tuple(way["amr"])}),
            goal=Destination(**values["goal"]),
            until=datetime.fromisoformat(values["until"]),
            wrong=values["wrong"],
        )


def go_on(db: Session, account: Account, way: Way, goal: Destination) -> str:
    """Sign in who has no second step, ask the others for it; the address to go on to."""
    if not authenticators.any_enrolled(db, account.id):
        finish(db, account, way, goal)
        return goal.url
    audit.record(db, f"login.{way.method}", outcome="second_step", subject=account.id)
    step, half = new_secret(16), HalfDone(account_id=account.id, way=way, goal=goal, until=clock.now() + LIFE)
    after_commit(db, lambda: _keep(step, half))
    return f"{PAGE}?{urlencode({'step': step})}"


def waiting(step: str) -> HalfDone:
    """What waits under this id in this browser.

    :raises Expired: when nothing does: too old, completed, or begun elsewhere.
    """
    text = keyvalue.store().get(_key(step)) if _STEP.fullmatch(step) else None
    if text is None:
        raise Expired
    return HalfDone.from_json(text)


def complete(step: str, answer: str) -> Destination:
    """Sign in, if the code is right; where to go on to.

    :raises Expired: when nothing waits under this id in this browser.
    :raises WrongCode: when it may be tried again.
    :raises TooManyCodes: when it may not.
    :raises CodesPaused: when the account's tries are used up; the sign-in is over too.
    """
    text = keyvalue.store().take(_key(step)) if _STEP.fullmatch(step) else None
    if text is None:
        raise Expired
    half = HalfDone.from_json(text)
    try:
        given = code.ask(half.account_id, answer)
        with transaction() as db:
            code.settle(db, given)
            _finish(db, half)
    except WrongCode as refused:
        left = TRIES - half.wrong - 1
        if left == 0:
            raise TooManyCodes from refused
        _keep(step, replace(half, wrong=half.wrong + 1))
        told = left if refused.left is None else min(left, refused.left)
        raise WrongCode(told if told < TRIES - 1 else None) from refused
    except Unavailable:
        _keep(step, half)  # nobody has looked at the code
        raise
    return half.goal


def _finish(db: Session, half: HalfDone) -> None:
    account = db.get(Account, half.account_id)
    if account is None:
        raise Expired
    if account.status != ACTIVE:
        raise Blocked
    second = factors.second()
    amr = (*half.way.amr, *second.amr, MFA)
    finish(db, account, replace(half.way, level=max(half.way.level, second.level), amr=amr), half.goal)


def _keep(step: str, half: HalfDone) -> None:
    remaining = int((half.until - clock.now()).total_seconds())
    if remaining > 0:
        keyvalue.store().set(_key(step), half.to_json(), remaining)


def _key(step: str) -> str:
    return f"second:{sessions.current().browser}:{step}"
