"""Making an account, in the caller's transaction."""

from flask_babel import lazy_gettext as _
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from idp.accounts.identity import Number
from idp.accounts.login_names import LoginText
from idp.events import IdentityVerified
from idp.models.account import Account, LoginName
from kernel import audit, clock, outbox
from kernel.errors import Conflict


def create(
    db: Session, *, name: str, number: Number | None, identified: bool, own_level: int, locale: str = "zh_CN"
) -> Account:
    """A new account. ``identified`` says that somebody vouches for name and number together.

    A number nobody vouches for is kept as a statement of the person's own and opens nothing.
    """
    account = Account(name=name, own_level=own_level, level=own_level, locale=locale)
    if number is not None:
        account.id_type, account.id_number = number.id_type, number.text
        if not identified:
            account.declared_key = number.party_key
    db.add(account)
    db.flush()
    audit.record(db, "account.create", subject=account.id, details={"level": own_level, "identified": identified})
    if number is not None and identified:
        identify(db, account, number)
    return account


def identify(db: Session, account: Account, number: Number) -> None:
    """From now on the account is that party's; whoever merely stated this number loses it (IDENTITY rule d)."""
    pretenders = list(
        db.scalars(
            update(Account)
            .where(Account.declared_key == number.party_key, Account.id != account.id)
            .values(id_type=None, id_number=None, declared_key=None)
            .returning(Account.id)
        )
    )
    for other in pretenders:
        audit.record(db, "account.number_released", subject=other)
    account.id_type, account.id_number = number.id_type, number.text
    account.party_key, account.declared_key = number.party_key, None
    account.identified_at = clock.now()
    db.flush()
    outbox.publish(db, IdentityVerified(account_id=account.id, party_key=number.party_key))


def add_login_name(db: Session, account: Account, text: LoginText) -> None:
    """Let this text name the account at sign-in.

    :raises Conflict: when it names another account.
    """
    holder = db.scalar(select(LoginName.account_id).where(LoginName.key == text.key))
    if holder is None:
        db.execute(insert(LoginName).values(key=text.key, account_id=account.id, kind=text.kind, shown=text.shown))
    elif holder != account.id:
        raise Conflict("login_name_taken", message=_("这个登录名已经有人使用。"), detail=text.kind)
