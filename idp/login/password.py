"""Signing in to the province's own account by a factor: read, count, prove, settle.

The order is the defence: what cannot be right for anybody is refused first; then a place in the queue; then the try is
counted; then the slow proof, outside any transaction and the same for accounts that do not exist; then one transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from idp.accounts import login_names
from idp.accounts.login_names import LoginText
from idp.factor import Factor, Proof
from idp.login import attempts, device
from idp.login.attempts import Tries
from idp.login.errors import Blocked, Paused, WrongAnswer
from idp.models.account import ACTIVE, Account, LoginName
from kernel import audit, clock, context
from kernel.db import on_refusal, transaction
from kernel.errors import Invalid, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A proof that was given, not yet believed: ``settle`` decides in the transaction that acts on it."""

    account_id: str | None
    key: str
    proof: Proof
    tries: Tries


def read(factor: Factor, form: Mapping[str, str]) -> tuple[LoginText, str]:
    """The account's name and the answer in the form. Raises ``Invalid`` with everything that cannot be right."""
    faults: dict[str, Text] = {}
    text = form.get("account", "").strip()
    if not text:
        faults["account"] = _("请填写手机号、身份证号或用户名")
    elif len(text) > login_names.LONGEST:
        faults["account"] = _("账号太长，请检查后重新填写")
    answer = ""
    try:
        answer = factor.answer(form)
    except Invalid as refused:
        faults |= refused.fields
    if faults:
        raise Invalid(faults)
    return login_names.read(text), answer


_NAMED: Final = (
    select(Account).join(LoginName, LoginName.account_id == Account.id).where(LoginName.key == bindparam("key"))
)


def account_named(db: Session, text: LoginText) -> Account | None:
    return db.scalar(_NAMED, {"key": text.key})


def ask(factor: Factor, answer: str, *, key: str, who: Callable[[Session], Account | None]) -> Asked:
    """Count one try under ``key`` and prove the answer against the account that ``who`` finds, or nobody.

    :raises Unavailable: when too many are signing in; nothing is counted.
    :raises Paused: when the tries are used up.
    """
    with factor.room():
        with transaction() as db:
            account = who(db)
            known = device.known(db, account.id if account else None)
            tries = attempts.take(db, key, address=context.actor().address, device=known)
            if tries.first_refusal:
                audit.record(db, "login.paused", outcome="paused", details={"text": key[:8]})
        if not tries.allowed:
            raise Paused(tries.until)
        proof = factor.prove(account.password_hash if account else None, answer)
    return Asked(account_id=account.id if account else None, key=key, proof=proof, tries=tries)


def settle(db: Session, asked: Asked) -> Account:
    """The account that was proven.

    :raises WrongAnswer: when it was not; the audit remembers, without name or answer.
    :raises Paused: when that was the last try.
    :raises Blocked: when it was, but may not be used.
    """
    account = db.get(Account, asked.account_id) if asked.account_id else None
    if account is None or not asked.proof.right:
        _refused(db, asked, "wrong" if account else "unknown")
        if asked.tries.left == 0:
            raise Paused(asked.tries.until)
        raise WrongAnswer(asked.tries.left)
    attempts.forget(db, asked.tries)
    if account.status != ACTIVE:
        _refused(db, asked, "blocked")
        raise Blocked
    if asked.proof.renewed is not None:
        account.password_hash, account.password_at = asked.proof.renewed, clock.now()
    return account


def _refused(db: Session, asked: Asked, outcome: str) -> None:
    def write(fresh: Session) -> None:
        audit.record(
            fresh, "login.password", outcome=outcome, subject=asked.account_id, details={"text": asked.key[:8]}
        )

    on_refusal(db, write)
