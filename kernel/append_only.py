"""Tables whose rows are written once: the database itself refuses to change or remove them."""

from typing import Final

from sqlalchemy import DDL, Table, event

TABLES: Final[set[str]] = set()  # those that asked for it

_REFUSE: Final = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'this table is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
""".strip()


def statements(table: str, dialect: str) -> list[str]:
    """The SQL that makes ``table`` append-only; ``create_all`` runs it by itself, a migration executes it."""
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        return [
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {refuse}" for act in ("UPDATE", "DELETE")
        ]
    refuse = "EXECUTE FUNCTION refuse_change()"
    return [
        _REFUSE,
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def _ddl(statement: str) -> DDL:
    return DDL(statement)  # type: ignore[no-untyped-call]


def enforce(table: Table) -> None:
    """Attach the triggers to the table, so that whoever creates it creates them."""
    TABLES.add(table.name)
    for dialect in ("sqlite", "postgresql"):
        for statement in statements(table.name, dialect):
            event.listen(table, "after_create", _ddl(statement).execute_if(dialect=dialect))
