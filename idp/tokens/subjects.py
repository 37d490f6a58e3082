"""The name under which a client knows a person."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp.models.subject import Subject
from kernel import clock
from kernel.db import is_postgresql
from kernel.ids import new_secret


def known(db: Session, sector: str, account_id: str) -> str | None:
    """The ``sub`` of the account in this sector, if one was ever given out."""
    return db.scalar(select(Subject.sub).where(Subject.sector == sector, Subject.account_id == account_id))


def sub_for(db: Session, sector: str, account_id: str) -> str:
    """The ``sub`` of the account in this sector, for ever the same; made at the first request."""
    found = known(db, sector, account_id)
    if found is not None:
        return found
    insert = postgresql.insert if is_postgresql(db) else sqlite.insert
    # Two tabs at once: the loser takes the winner's.
    made = insert(Subject).values(sub=new_secret(18), sector=sector, account_id=account_id, created_at=clock.now())
    db.execute(made.on_conflict_do_nothing(index_elements=["sector", "account_id"]))
    sub = known(db, sector, account_id)
    assert sub is not None
    return sub
