"""Many stored tokens of one person at one client, and the sweeping of those that ended."""

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, event, func, insert, literal_column, select, text

from idp.tokens import sweep as sweeping
from idp.tokens.families import CODE, FAMILY
from kernel import clock, db

if TYPE_CHECKING:
    from bench.ours import Ours

BATCH = 50_000


def grow(families: int) -> None:
    """Store this many further families, each with the spent code it grew out of."""
    for done in range(0, families, BATCH):
        _copies(min(BATCH, families - done), "g", {})
    _settle()


def _settle() -> None:
    """Statistics made and the log written back: what was stored a moment ago is as old rows are."""
    raw = db.engine().raw_connection()
    try:
        lite = db.engine().dialect.name == "sqlite"
        raw.rollback()
        if not lite:
            driver: Any = raw.driver_connection
            driver.autocommit = True
        cursor = raw.cursor()
        for statement in ("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)" if lite else "CHECKPOINT"):
            cursor.execute(statement)
            if cursor.description:
                cursor.fetchall()
    finally:
        raw.invalidate()
        raw.close()


def expire(ours: "Ours", n: int) -> int:
    """Store families and codes whose time is over so long ago that the sweep takes them."""
    ours.prepare("refresh", 1)
    long_ago = clock.now() - sweeping.KEPT - timedelta(hours=1)
    for done in range(0, n, BATCH):
        _copies(min(BATCH, n - done), "e", {"expires_at": long_ago})
    return n


def _copies(n: int, mark: str, changes: dict[str, Any]) -> None:
    """Copies of one family and one code inside the database, with keys of their own that fit each other."""
    with db.transaction() as session:
        connection = session.connection()
        lite = connection.dialect.name == "sqlite"
        family = connection.scalar(select(FAMILY.c.id).where(FAMILY.c.revoked_at.is_(None)).limit(1))
        code = connection.scalar(select(CODE.c.code_hash).where(CODE.c.used_at.is_not(None)).limit(1))
        key = text("lower(hex(randomblob(16)))" if lite else "md5(random()::text || clock_timestamp()::text)")
        series = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n) SELECT "
            if lite
            else "WITH n AS (SELECT generate_series(1, :n) AS i) SELECT "
        )
        connection.execute(text("CREATE TEMP TABLE IF NOT EXISTS bench_keys (id text)"))
        connection.execute(text("DELETE FROM bench_keys"))
        connection.execute(text(f"INSERT INTO bench_keys {series} {key.text} FROM n"), {"n": n})
        keys: Any = literal_column("bench_keys.id")
        _insert(connection, FAMILY, FAMILY.c.id == family, {"id": keys, **changes})
        hashed = func.substr(literal_column("bench_keys.id || bench_keys.id"), 1, 63) + mark
        _insert(connection, CODE, CODE.c.code_hash == code, {"code_hash": hashed, "family_id": keys, **changes})


def _insert(connection: Any, table: Table, pattern: Any, changes: dict[str, Any]) -> None:
    from sqlalchemy import bindparam

    chosen = [
        changes[column.name]
        if hasattr(changes.get(column.name), "label")
        else bindparam(None, changes[column.name], type_=column.type)
        if column.name in changes
        else column
        for column in table.c
    ]
    rows = select(*chosen).select_from(table, text("bench_keys")).where(pattern)
    connection.execute(insert(table).from_select([column.name for column in table.c], rows))


def sweep() -> dict[str, float]:
    """Sweep once; the seconds it took, the transactions it was, and the longest of these in milliseconds."""
    began, spent = 0.0, []

    def begin(_c: object) -> None:
        nonlocal began
        began = time.perf_counter()

    def commit(_c: object) -> None:
        spent.append(time.perf_counter() - began)

    event.listen(db.engine(), "begin", begin)
    event.listen(db.engine(), "commit", commit)
    before = time.perf_counter()
    try:
        sweeping.sweep()
    finally:
        event.remove(db.engine(), "begin", begin)
        event.remove(db.engine(), "commit", commit)
    return {
        "seconds": time.perf_counter() - before,
        "transactions": len(spent),
        "longest": max(spent, default=0) * 1000,
    }
