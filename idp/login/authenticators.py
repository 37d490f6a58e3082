"""The authenticator apps of an account: which there are, their codes spent once, adding one, taking one away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from idp.events import FactorChanged
from idp.factors import totp
from idp.login.errors import WrongCode
from idp.models.totp import TotpCredential
from kernel import audit, clock, outbox
from kernel.errors import Conflict, NotFound

MOST: Final = 5
CONFIRM_WITHIN: Final = timedelta(minutes=10)
LONGEST_LABEL: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """The app that shows a code, and the moment the code stands for."""

    app_id: str
    step: int


def enrolled(db: Session, account_id: str) -> list[TotpCredential]:
    """The apps that count, the oldest first."""
    return list(
        db.scalars(
            select(TotpCredential)
            .where(TotpCredential.account_id == account_id, TotpCredential.confirmed_at.is_not(None))
            .order_by(TotpCredential.confirmed_at, TotpCredential.id)
        )
    )


def any_enrolled(db: Session, account_id: str) -> bool:
    found = exists().where(TotpCredential.account_id == account_id, TotpCredential.confirmed_at.is_not(None))
    return bool(db.scalar(select(found)))


def fitting(apps: Sequence[TotpCredential], code: str) -> Fitting | None:
    """Which of the apps shows this code now. Every app is asked, so that the time does not tell which."""
    proofs = [(app.id, totp.plugin.prove(app.secret, code)) for app in apps]
    return next((Fitting(app_id=found, step=proof.step) for found, proof in proofs if proof.step is not None), None)


def spend(db: Session, found: Fitting) -> bool:
    """Take the code for good (RFC 6238 §5.2): of several who hold it, and of all who come later, one is told True."""
    now = clock.now()
    spent = db.execute(
        update(TotpCredential)
        .where(
            TotpCredential.id == found.app_id,
            TotpCredential.last_step < found.step,
            TotpCredential.confirmed_at.is_not(None),
        )
        .values(last_step=found.step, last_used_at=now)
        .returning(TotpCredential.id)
    )
    return spent.first() is not None


def start(db: Session, account_id: str) -> str:
    """A new secret to be read by an app; the id of the app. What was begun before and not finished is void.

    :raises Conflict: for an account that has as many as it may.
    """
    if len(enrolled(db, account_id)) >= MOST:
        raise Conflict("too_many_authenticators", message=_("已经添加了%(n)s个身份验证器，请先移除一个", n=MOST))
    db.execute(
        delete(TotpCredential).where(TotpCredential.account_id == account_id, TotpCredential.confirmed_at.is_(None))
    )
    app = TotpCredential(account_id=account_id, secret=totp.new_secret(), label="")
    db.add(app)
    db.flush()
    return app.id


def started(db: Session, account_id: str, app_id: str | None) -> TotpCredential | None:
    """What ``start`` made, while it can still be confirmed."""
    found = db.get(TotpCredential, app_id) if app_id else None
    if found is None or found.account_id != account_id or found.confirmed_at is not None:
        return None
    return found if clock.now() - found.created_at < CONFIRM_WITHIN else None


def confirm(db: Session, app: TotpCredential, code: str, label: str) -> None:
    """The app has shown its first code and counts from now on; that code is spent.

    :raises WrongCode: when it does not show this code, or was confirmed a moment ago.
    """
    step = totp.plugin.prove(app.secret, code).step
    if step is None:
        raise WrongCode(None)
    now = clock.now()
    confirmed = db.execute(
        update(TotpCredential)
        .where(TotpCredential.id == app.id, TotpCredential.confirmed_at.is_(None))
        .values(confirmed_at=now, last_step=step, last_used_at=now, label=label)
        .returning(TotpCredential.id)
    )
    if confirmed.first() is None:
        raise WrongCode(None)
    _tell(db, app.account_id, "added", by="self", app_id=app.id, left=len(enrolled(db, app.account_id)))


def remove(db: Session, account_id: str, app_id: str) -> None:
    """Take the app away.

    :raises NotFound: when the account has none of this id.
    """
    gone = delete(TotpCredential).where(TotpCredential.id == app_id, TotpCredential.account_id == account_id)
    if db.execute(gone.returning(TotpCredential.id)).first() is None:
        raise NotFound
    _tell(db, account_id, "removed", by="self", app_id=app_id, left=len(enrolled(db, account_id)))


def remove_all(db: Session, account_id: str) -> int:
    """Take every app of the account away, for an operator; how many there were."""
    gone = delete(TotpCredential).where(TotpCredential.account_id == account_id)
    apps = list(db.scalars(gone.returning(TotpCredential.id)))
    for left, app_id in zip(reversed(range(len(apps))), apps, strict=True):
        _tell(db, account_id, "removed", by="operator", app_id=app_id, left=left)
    return len(apps)


def _tell(db: Session, account_id: str, change: str, *, by: str, app_id: str, left: int) -> None:
    details = {"factor": totp.plugin.name, "by": by, "authenticator": app_id}
    audit.record(db, f"factor.{change}", subject=account_id, details=details)
    changed = FactorChanged(
        account_id=account_id,
        factor=totp.plugin.name,
        change=change,
        by=by,
        authenticator=app_id,
        left=left,
    )
    outbox.publish(db, changed)
