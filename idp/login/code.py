"""A code of the person's authenticator app: counted, proven, settled, in the order of ``password``."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from idp.login import attempts, authenticators, device
from idp.login.attempts import Tries
from idp.login.authenticators import Fitting
from idp.login.errors import CodesPaused, WrongCode
from kernel import audit, context, crypto
from kernel.db import on_refusal, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A code that was given, not yet believed: ``settle`` decides in the transaction that acts on it."""

    account_id: str
    found: Fitting | None
    tries: Tries


def ask(account_id: str, answer: str) -> Given:
    """Count one try and look which of the account's apps shows the code.

    :raises CodesPaused: when the tries are used up.
    """
    key = crypto.blind_index("login:code", account_id)
    with transaction() as db:
        known = device.known(db, account_id)
        tries = attempts.take(db, key, address=context.actor().address, device=known)
        if tries.first_refusal:
            audit.record(db, "login.paused", outcome="paused", subject=account_id, details={"text": key[:8]})
        apps = authenticators.enrolled(db, account_id) if tries.allowed else []
    if not tries.allowed:
        raise CodesPaused(tries.until)
    return Given(account_id=account_id, found=authenticators.fitting(apps, answer), tries=tries)


def settle(db: Session, given: Given) -> None:
    """Believe the code, once.

    :raises WrongCode: when no app shows it, or it was used before; the audit remembers which.
    :raises CodesPaused: when that was the last try.
    """
    if given.found is not None and authenticators.spend(db, given.found):
        attempts.forget(db, given.tries)
        return
    outcome = "wrong" if given.found is None else "used"
    on_refusal(db, lambda fresh: audit.record(fresh, "login.code", outcome=outcome, subject=given.account_id))
    if given.tries.left == 0:
        raise CodesPaused(given.tries.until)
    raise WrongCode(given.tries.left)
