import sqlite3

import pytest

from kernel import append_only, db, migrate


def test_every_package_of_tables_is_known():
    migrate.import_models()
    assert {"outbox_event", "periodic_task", "audit_entry", "audit_link"} <= set(db.Base.metadata.tables)


def test_the_statements_of_an_append_only_table_work_by_themselves(tmp_path):
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE t (a)")
    for statement in append_only.statements("t", "sqlite"):
        connection.execute(statement)
    connection.execute("INSERT INTO t VALUES (1)")
    for statement in ("UPDATE t SET a = 2", "DELETE FROM t"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
