"""What Alembic runs: the database of the settings, the tables of every package.

On SQLite, ALTER TABLE is done by copying the table (batch mode). The copy has no triggers: a migration that alters an
append-only table executes ``kernel.append_only.statements`` again.
"""

from typing import Literal

from alembic import context
from sqlalchemy import Connection

from kernel import db
from kernel.columns import UtcDateTime
from kernel.crypto import Encrypted
from kernel.migrate import import_models


def render(kind: str, obj: object, _autogen: object) -> str | Literal[False]:
    """Our column types stand in migrations as what the database sees: an old migration outlives their code."""
    if kind == "type" and isinstance(obj, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(obj, Encrypted):
        return "sa.LargeBinary()"
    return False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


import_models()
if context.is_offline_mode():
    raise SystemExit("migrations need the database they change; there is no --sql mode")
with db.engine().connect() as connected:
    migrate(connected)
