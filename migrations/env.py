"""What Alembic runs: the database of the settings, the tables of every package, all in one transaction.

On SQLite, ALTER TABLE is done by copying the table (batch mode). The copy has no triggers: a migration that alters an
append-only table executes ``kernel.append_only.statements`` again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from alembic import context
from sqlalchemy import Connection

from kernel import db, engines
from kernel.columns import Json, UtcDateTime
from kernel.crypto import Encrypted
from kernel.migrate import import_models

ONE_AT_A_TIME = 0x6B61706F6B  # any number that is ours: nodes that start together migrate one after the other


def render(kind: str, obj: object, _autogen: object) -> str | Literal[False]:
    """Our column types stand in migrations as what the database sees: an old migration outlives their code."""
    if kind == "type" and isinstance(obj, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and obj is Json:
        return "JSON"  # stands in every migration, see script.py.mako
    if kind == "type" and isinstance(obj, Encrypted):
        return "sa.LargeBinary()"
    return False


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Without what protects requests but stands in the way of a migration: deadlines, and foreign keys while SQLite
    copies a table.
    """
    driver = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        driver.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        connection.connection.commit()
        yield
        return
    driver.execute("PRAGMA foreign_keys = OFF")
    yield
    broken = driver.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"the migration left rows that point nowhere: {broken[:5]}")


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render,
        transactional_ddl=True,  # SQLite's DDL rolls back too, now that BEGIN is ours
    )
    with unhurried(connection), context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")
            # Waiting for another node may take long; waiting for a table would hold up everybody behind us.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{engines.LOCK_SECONDS}s'")
        context.run_migrations()


import_models()
if context.is_offline_mode():
    raise SystemExit("migrations need the database they change; there is no --sql mode")
with db.engine().connect() as connected:
    migrate(connected)
    connected.detach()  # its settings are not a request's: it is closed, not reused
