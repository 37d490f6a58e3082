"""Deleting what is over, a few hundred rows at a time, so that nobody waits for it (IDENTITY §3.17)."""

from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select

from kernel.db import reading, transaction

AT_ONCE: Final = 500


def purge(key: Any, over: ColumnElement[bool]) -> None:
    """Delete the rows of ``key``'s table for which ``over`` holds. They are found by a read and only then deleted: no
    login waits while they are looked for.
    """
    while True:
        with reading() as db:
            found = db.scalars(select(key).where(over).limit(AT_ONCE)).all()
        if found:
            with transaction() as db:
                db.execute(delete(key.class_).where(key.in_(found), over).execution_options(synchronize_session=False))
        if len(found) < AT_ONCE:
            return
