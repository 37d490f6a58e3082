import sqlite3
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import exc, inspect, text

from kernel import append_only, audit, db, migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/new/empty.db"
    else:
        url = request.getfixturevalue("postgres").create("migrated")
    db.configure(url)
    yield url
    db.dispose()


def differences():
    migrate.import_models()
    with db.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, db.Base.metadata)


def test_the_migrations_make_the_schema_that_the_models_describe(empty):
    migrate.upgrade()
    assert differences() == []


def test_a_second_upgrade_does_nothing(empty):
    migrate.upgrade()
    with db.transaction() as session:
        audit.record(session, "x.y")
    migrate.upgrade()
    with db.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM audit_entry")) == 1


def test_nodes_that_start_together_migrate_one_after_the_other(empty, instance):
    program = (
        "import sys; from kernel import migrate, settings; "
        "settings.load(settings.KernelSettings, environ="
        "{'KAPOK_DEMO': '1', 'INSTANCE_DIR': sys.argv[1], 'DATABASE_URL': sys.argv[2]}); migrate.upgrade()"
    )
    nodes = [subprocess.Popen([sys.executable, "-c", program, str(instance), empty]) for _ in range(2)]
    assert [node.wait(60) for node in nodes] == [0, 0]
    assert differences() == []


def test_append_only_tables_are_so_after_a_migration(empty):
    migrate.upgrade()
    with db.transaction() as session:
        audit.record(session, "x.y")
    with pytest.raises(exc.IntegrityError, match="append-only"), db.transaction() as session:
        session.execute(text("DELETE FROM audit_entry"))
    with db.reading() as session:
        on_postgresql = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
        on_sqlite = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'"
        guarded = set(session.scalars(text(on_postgresql if db.is_postgresql(session) else on_sqlite)))
    assert guarded == append_only.TABLES


def test_a_migration_that_fails_leaves_nothing(empty, monkeypatch):
    monkeypatch.setattr(append_only, "statements", lambda *_: ["NOT SQL"])
    with pytest.raises(exc.DBAPIError):
        migrate.upgrade()
    assert set(inspect(db.engine()).get_table_names()) <= {"alembic_version"}
    monkeypatch.undo()
    migrate.upgrade()
    assert differences() == []


def test_migrated_connections_are_not_left_without_their_limits(empty):
    migrate.upgrade()
    with db.transaction() as session:
        query = "SHOW statement_timeout" if db.is_postgresql(session) else "PRAGMA foreign_keys"
        assert session.scalar(text(query)) in {"15s", 1}


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
