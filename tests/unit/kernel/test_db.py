import threading
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from sqlalchemy import MetaData, event, exc, func, inspect, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kernel import db, engines


class Tables(DeclarativeBase):
    """Of this file alone, named by the same rules."""

    metadata = MetaData(naming_convention=db.Base.metadata.naming_convention)


class Note(Tables):
    __tablename__ = "test_note"
    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime | None] = mapped_column(db.UtcDateTime)
    data: Mapped[dict | None] = mapped_column(db.Json)


@pytest.fixture(autouse=True)
def tables(database):
    Tables.metadata.drop_all(db.engine())
    Tables.metadata.create_all(db.engine())


def words():
    with db.reading() as session:
        return list(session.scalars(select(Note.word).order_by(Note.id)))


def write(session, word):
    session.add(Note(word=word))


def test_a_transaction_commits_at_its_end():
    with db.transaction() as session:
        write(session, "a")
        assert words() == [], "nobody sees it before"
    assert words() == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_means_that_nothing_was_written(error):
    with pytest.raises(error), db.transaction() as session:
        write(session, "a")
        session.flush()
        raise error
    assert words() == []
    with db.transaction() as session:
        write(session, "b")
    assert words() == ["b"]


def test_a_transaction_inside_another_is_refused_and_the_outer_one_holds():
    with db.transaction() as session:
        write(session, "a")
        with pytest.raises(RuntimeError, match="open already"), db.transaction():
            pass
    assert words() == ["a"]


def test_a_transaction_inside_a_reading_is_refused():
    with db.reading(), pytest.raises(RuntimeError, match="open already"), db.transaction():
        pass


def test_a_reading_inside_a_reading_is_the_same_session():
    with db.reading() as outer, db.reading() as inner:
        assert inner is outer


def test_threads_have_transactions_of_their_own():
    ready, seen = threading.Event(), []

    def other():
        ready.wait(5)
        with db.transaction() as session:
            write(session, "b")
        seen.append(True)

    thread = threading.Thread(target=other)
    thread.start()
    with db.transaction() as session:
        write(session, "a")
        ready.set()
    thread.join(10)
    assert seen == [True]
    assert sorted(words()) == ["a", "b"]


def test_a_reading_session_cannot_write():
    with db.reading() as session, pytest.raises(exc.DBAPIError, match=r"read-?only"):
        session.execute(Note.__table__.insert().values(word="a"))
    assert words() == []


def test_writers_wait_for_one_another_and_lose_nothing():
    with db.transaction() as session:
        session.add(Note(id=1, word="0"))

    def count():
        for _ in range(20):
            with db.transaction() as session:
                note = session.scalar(db.skip_locked(select(Note), session).with_for_update())
                note.word = str(int(note.word) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert words() == ["80"]


def test_a_refusal_writes_in_a_transaction_of_its_own():
    with pytest.raises(ValueError), db.transaction() as session:
        write(session, "lost")
        db.on_refusal(session, lambda fresh: write(fresh, "kept"))
        raise ValueError
    assert words() == ["kept"]


def test_no_refusal_is_written_when_all_went_well():
    with db.transaction() as session:
        db.on_refusal(session, lambda fresh: write(fresh, "refused"))
        write(session, "a")
    assert words() == ["a"]


def test_a_commit_that_fails_is_a_refusal_too():
    with db.transaction() as session:
        write(session, "twice")
    with pytest.raises(exc.IntegrityError), db.transaction() as session:
        db.on_refusal(session, lambda fresh: write(fresh, "refused"))
        write(session, "twice")
    assert words() == ["twice", "refused"]


def test_a_failing_refusal_hides_neither_the_first_error_nor_the_other_refusals():
    def fail(fresh):
        write(fresh, "half")
        fresh.flush()
        raise KeyError("of the refusal")

    with pytest.raises(ValueError, match="first"), db.transaction() as session:
        db.on_refusal(session, fail)
        db.on_refusal(session, lambda fresh: write(fresh, "other"))
        raise ValueError("first")
    assert words() == ["other"]


def test_after_commit_runs_once_outside_and_only_after_a_commit():
    seen = []

    def look():
        with db.transaction() as session:  # outside: a boundary may be opened
            seen.append(session.scalar(select(func.count()).select_from(Note)))

    with db.transaction() as session:
        db.after_commit(session, look)
        write(session, "a")
        assert seen == []
    assert seen == [1]
    with pytest.raises(ValueError), db.transaction() as session:
        db.after_commit(session, look)
        raise ValueError
    assert seen == [1]


def test_a_failing_after_commit_does_not_undo_or_raise():
    def fail():
        raise KeyError

    seen = []
    with db.transaction() as session:
        db.after_commit(session, fail)
        db.after_commit(session, lambda: seen.append(1))
        write(session, "a")
    assert (words(), seen) == (["a"], [1])


def test_hooks_need_the_open_transaction():
    with db.reading() as session:
        with pytest.raises(RuntimeError):
            db.after_commit(session, print)
        with pytest.raises(RuntimeError):
            db.on_refusal(session, print)
    with db.transaction() as session:
        pass
    with pytest.raises(RuntimeError):
        db.after_commit(session, print)


def test_instants_come_back_aware_in_utc_and_sort_as_time():
    guangdong = timezone(timedelta(hours=8))
    instant = datetime(2026, 3, 4, 0, 30, 0, 123456, tzinfo=guangdong)
    with db.transaction() as session:
        session.add(Note(id=1, word="a", at=instant))
        session.add(Note(id=2, word="b", at=datetime(2026, 3, 3, 17, 0, tzinfo=UTC)))
        session.add(Note(id=3, word="c"))
    with db.reading() as session:
        read = session.scalar(select(Note.at).where(Note.id == 1))
        assert read == instant
        assert read.tzinfo is UTC
        assert session.scalar(select(Note.at).where(Note.id == 3)) is None
        assert session.scalars(select(Note.id).where(Note.at.is_not(None)).order_by(Note.at)).all() == [1, 2]
        assert session.scalars(select(Note.id).where(Note.at > instant)).all() == [2]


def test_a_naive_instant_is_refused():
    with pytest.raises(exc.StatementError, match="naive"), db.transaction() as session:
        session.add(Note(word="a", at=datetime(2026, 1, 1)))
        session.flush()


def test_json_keeps_chinese_and_none_is_null():
    with db.transaction() as session:
        session.add(Note(word="a", data={"名": ["木棉", 1, None, True]}))
        session.add(Note(word="b", data=None))
    with db.reading() as session:
        assert session.scalar(select(Note.data).where(Note.word == "a")) == {"名": ["木棉", 1, None, True]}
        assert session.scalars(select(Note.word).where(Note.data.is_(None))).all() == ["b"]


def test_the_databases_are_set_up_as_meant(database):
    with db.transaction() as session:
        if db.is_postgresql(session):
            assert session.scalar(text("SHOW statement_timeout")) == "15s"
            assert session.scalar(text("SHOW timezone")) == "UTC"
            assert session.scalar(text("SHOW transaction_isolation")) == "read committed"
        else:
            assert session.scalar(text("PRAGMA journal_mode")) == "wal"
            assert session.scalar(text("PRAGMA foreign_keys")) == 1
            assert session.scalar(text("PRAGMA busy_timeout")) == 10_000


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_statement_that_takes_too_long_is_ended(database, monkeypatch):
    monkeypatch.setattr(engines, "STATEMENT_SECONDS", 1)
    db.configure(database)
    with pytest.raises(exc.OperationalError, match="statement timeout"), db.transaction() as session:
        session.execute(text("SELECT pg_sleep(5)"))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_closed_is_replaced(database):
    with db.transaction() as session:
        write(session, "a")
    with db.reading() as session:
        session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
    with db.transaction() as session:
        write(session, "b")
    assert words() == ["a", "b"]


def test_constraints_have_names_that_migrations_can_find(database):
    assert inspect(db.engine()).get_unique_constraints("test_note")[0]["name"] == "uq_test_note_word"


def test_what_the_orm_and_the_connection_write_is_one_transaction():
    with db.transaction() as session:
        session.connection().execute(Note.__table__.insert().values(word="a"))
        write(session, "b")
        session.flush()
        session.connection().execute(Note.__table__.insert().values(word="c"))
        assert words() == []
    assert words() == ["a", "b", "c"]
    with pytest.raises(ValueError), db.transaction() as session:
        session.connection().execute(Note.__table__.insert().values(word="d"))
        write(session, "e")
        session.flush()
        raise ValueError
    assert words() == ["a", "b", "c"]


def test_a_savepoint_is_taken_back_alone():
    with db.transaction() as session:
        write(session, "a")
        with pytest.raises(ValueError), session.begin_nested():
            write(session, "b")
            session.flush()
            raise ValueError
        write(session, "c")
    assert words() == ["a", "c"]


def test_an_error_of_the_connection_takes_back_what_the_orm_wrote():
    with db.transaction() as session:
        write(session, "a")
    with pytest.raises(exc.IntegrityError), db.transaction() as session:
        write(session, "b")
        session.flush()
        session.connection().execute(Note.__table__.insert().values(word="a"))
    assert words() == ["a"]


def test_a_boundary_that_asks_nothing_begins_nothing():
    begun = []
    event.listen(db.engine(), "begin", begun.append)
    with db.transaction() as session:
        db.on_refusal(session, print)
    assert begun == []
    with db.transaction() as session:
        session.connection()
    assert len(begun) == 1


def cut_connections(url):
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_connections_that_the_database_closed_are_replaced_at_the_next_boundary(database):
    with db.transaction() as session:
        write(session, "a")
    words()
    cut_connections(database)
    with db.transaction() as session:
        write(session, "b")
    assert words() == ["a", "b"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_in_a_transaction_loses_it_whole(database):
    with pytest.raises(exc.OperationalError), db.transaction() as session:
        db.on_refusal(session, lambda fresh: write(fresh, "refused"))
        write(session, "a")
        session.flush()
        cut_connections(database)
        write(session, "b")
    assert words() == ["refused"]
