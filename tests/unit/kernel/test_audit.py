from datetime import date, timedelta

import pytest
from sqlalchemy import delete, exc, func, insert, select, text, update

from kernel import audit_seal, context, db
from kernel.audit import AuditEntry, AuditPending, record
from kernel.audit_seal import AuditLink, seal, verify

DAY = date(2026, 3, 4)


@pytest.fixture(autouse=True)
def wednesday(database, frozen_clock):
    return frozen_clock


def write(*acts, **more):
    for act in acts:
        with db.transaction() as session:
            record(session, act, **more)


def kinds(day=DAY):
    return [(fault.kind, fault.seq) for fault in verify(day)]


def tamper(*statements):
    """What somebody with the owner's rights over the database can do: take the triggers away first."""
    with db.transaction() as session:
        if db.is_postgresql(session):
            session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                session.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            session.execute(statement, execution_options={"synchronize_session": False})


def entry_ids():
    with db.reading() as session:
        return list(session.scalars(select(AuditLink.entry_id).order_by(AuditLink.day, AuditLink.seq)))


def test_an_entry_tells_who_what_when_and_how_it_ended(wednesday):
    actor = {"account_id": "a", "client_id": "c", "address": "192.0.2.7", "request_id": "r"}
    with context.bind(**actor):
        write("login.password", outcome="bad_credentials", subject="s", details={"try": 3, "locked": False, "x": None})
    with db.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.act, entry.outcome, entry.subject, entry.at) == (
        "login.password", "bad_credentials", "s", wednesday.now,
    )  # fmt: skip
    assert entry.details == {"try": 3, "locked": False, "x": None}
    assert {name: getattr(entry, name) for name in actor} == actor


def test_an_entry_is_written_with_its_transaction_or_not_at_all():
    with pytest.raises(ValueError), db.transaction() as session:
        record(session, "x.y")
        raise ValueError
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0
        assert session.scalar(select(func.count()).select_from(AuditPending)) == 0


@pytest.mark.parametrize("table", [AuditEntry, AuditLink])
def test_the_database_refuses_to_change_or_remove(table):
    write("x.y")
    seal()
    column = "outcome" if table is AuditEntry else "hash"
    for statement in (update(table).values({column: "better"}), delete(table)):
        with pytest.raises(exc.IntegrityError, match="append-only"), db.transaction() as session:
            session.execute(statement)
    assert kinds() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", ["audit_entry", "audit_link"])
def test_the_database_refuses_to_replace(table):
    write("x.y")
    seal()
    with pytest.raises(exc.IntegrityError, match="append-only"), db.transaction() as session:
        session.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_database_refuses_to_truncate():
    with pytest.raises(exc.IntegrityError, match="append-only"), db.transaction() as session:
        session.execute(text("TRUNCATE audit_entry"))


def test_a_sealed_day_holds_and_nothing_stays_pending(wednesday):
    write("a.b", "a.c")
    seal()
    wednesday.advance(minutes=1)
    write("a.d", details={"木": "棉"})
    seal()
    seal()
    with db.reading() as session:
        assert session.scalars(select(AuditLink.seq).order_by(AuditLink.seq)).all() == [1, 2, 3]
        assert session.scalar(select(func.count()).select_from(AuditPending)) == 0
    assert kinds() == []


def test_what_is_not_sealed_yet_is_no_fault():
    write("a.b")
    assert kinds() == []


def test_sealing_goes_on_over_batches(monkeypatch):
    monkeypatch.setattr(audit_seal, "BATCH", 3)
    write(*(f"a.{n}" for n in range(8)))
    seal()
    assert len(entry_ids()) == 8
    assert kinds() == []
    tamper(update(AuditEntry).where(AuditEntry.id.in_([entry_ids()[2], entry_ids()[7]])).values(act="x"))
    assert kinds() == [("changed", 3), ("changed", 8)]


def test_a_new_day_continues_the_chain(wednesday):
    write("a.b")
    seal()
    wednesday.advance(days=1)
    write("a.c")
    seal()
    with db.reading() as session:
        links = [(link.day, link.seq) for link in session.scalars(select(AuditLink).order_by(AuditLink.day))]
    assert links == [(DAY, 1), (DAY + timedelta(days=1), 1)]
    assert kinds() == kinds(DAY + timedelta(days=1)) == []


@pytest.mark.parametrize(
    "change", [{"outcome": "ok"}, {"account_id": None}, {"details": {"n": 2}}, {"act": "a.z"}, {"subject": ""}]
)
def test_a_changed_entry_is_found(change):
    with context.bind(account_id="a"):
        write("a.a")
        write("a.b", outcome="denied", details={"n": 1})
        write("a.c")
    seal()
    tamper(update(AuditEntry).where(AuditEntry.id == entry_ids()[1]).values(**change))
    assert kinds() == [("changed", 2)]


def test_a_moved_moment_is_found(wednesday):
    write("a.a")
    seal()
    tamper(update(AuditEntry).values(at=wednesday.now + timedelta(microseconds=1)))
    assert kinds() == [("changed", 1)]


def test_a_removed_entry_is_found():
    write("a.a", "a.b", "a.c")
    seal()
    tamper(delete(AuditEntry).where(AuditEntry.id == entry_ids()[1]))
    assert kinds() == [("missing", 2)]


def test_an_entry_removed_with_its_link_is_found():
    write("a.a", "a.b", "a.c")
    seal()
    gone = entry_ids()[1]
    tamper(delete(AuditEntry).where(AuditEntry.id == gone), delete(AuditLink).where(AuditLink.entry_id == gone))
    assert kinds() == [("gap", 3), ("changed", 3)]


def test_an_entry_removed_with_its_link_and_renumbered_is_found():
    write("a.a", "a.b", "a.c")
    seal()
    gone = entry_ids()[1]
    tamper(
        delete(AuditEntry).where(AuditEntry.id == gone),
        delete(AuditLink).where(AuditLink.entry_id == gone),
        update(AuditLink).where(AuditLink.seq == 3).values(seq=2),
    )
    assert kinds() == [("changed", 2)]


def test_reordered_entries_are_found():
    write("a.a", "a.b", "a.c")
    seal()
    first, second, _ = entry_ids()
    tamper(
        update(AuditLink).where(AuditLink.entry_id == first).values(entry_id="aside"),
        update(AuditLink).where(AuditLink.entry_id == second).values(entry_id=first),
        update(AuditLink).where(AuditLink.entry_id == "aside").values(entry_id=second),
    )
    assert kinds() == [("changed", 1), ("changed", 2)]


def test_an_entry_slipped_in_is_found(wednesday):
    write("a.a")
    seal()
    tamper(insert(AuditEntry).values(id="0" * 32, at=wednesday.now, act="a.b", outcome="ok"))
    assert [fault.kind for fault in verify(DAY)] == ["unsealed"]


def test_a_chain_recomputed_without_the_key_is_found(load_settings, database):
    write("a.a", "a.b")
    seal()
    tamper(delete(AuditLink), *(insert(AuditPending).values(entry_id=entry_id) for entry_id in entry_ids()))
    load_settings(BLIND_INDEX_KEY="a guess of the key by the intruder", DATABASE_URL=database)
    seal()
    load_settings(DATABASE_URL=database)
    assert kinds() == [("changed", 1), ("changed", 2)]


def test_a_day_that_vanished_is_found_by_its_neighbours(wednesday):
    write("a.a")
    seal()
    wednesday.advance(days=1)
    write("a.b")
    seal()
    wednesday.advance(days=1)
    write("a.c")
    seal()
    tamper(
        delete(AuditEntry).where(AuditEntry.act == "a.b"), delete(AuditLink).where(AuditLink.day == date(2026, 3, 5))
    )
    assert kinds() == [("cut", 1)]
    assert kinds(date(2026, 3, 6)) == [("changed", 1)]


def test_an_entry_removed_before_it_was_sealed_is_found():
    write("a.a", "a.b")
    tamper(delete(AuditEntry).where(AuditEntry.act == "a.a"))
    seal()
    assert kinds() == [("missing", 1)]


def test_a_clock_set_back_does_not_break_the_chain(wednesday):
    write("a.a")
    seal()
    wednesday.advance(days=-1)
    write("a.b")
    seal()
    assert len(entry_ids()) == 2
    assert kinds() == []
