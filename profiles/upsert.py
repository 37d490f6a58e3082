"""Insert or update many rows in one statement, alike on SQLite and PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kernel.db import Base, is_postgresql


def upsert(
    db: Session,
    model: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    update: Sequence[str] = (),
) -> None:
    """Insert `rows`; of those whose `key` exists, write the columns `update`, or leave them when there are none.

    Rows come sorted by their key, so that two writers lock in one order.
    """
    if not rows:
        return
    table = cast("Table", model.__table__)
    if is_postgresql(db):
        statement = postgresql.insert(table)
        db.execute(
            statement.on_conflict_do_update(
                index_elements=key, set_={name: statement.excluded[name] for name in update}
            )
            if update
            else statement.on_conflict_do_nothing(index_elements=key),
            rows,
        )
        return
    embedded = sqlite.insert(table)
    db.execute(
        embedded.on_conflict_do_update(index_elements=key, set_={name: embedded.excluded[name] for name in update})
        if update
        else embedded.on_conflict_do_nothing(index_elements=key),
        rows,
    )
