"""Quick reads: SQLAlchemy's types, the driver's speed, and a connection that the database closed."""

from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import bindparam, exists, insert, literal, select, table, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from idp.models.account import ACTIVE, Account
from idp.models.code import AuthorizationCode
from kernel import db, quick
from kernel.quick import Quick
from tests.protocol.parties import statements

ASKED = select(
    Account.id,
    Account.name,
    Account.email,
    Account.created_at,
    Account.identified_at,
    (Account.status == ACTIVE).label("live"),
    (~exists().where(Account.level > bindparam("most"))).label("low"),
).where(Account.id == bindparam("id"), Account.created_at < bindparam("now"))
NOW = datetime(2026, 3, 4, 2, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def account(database):
    with db.transaction() as session:
        row = Account(name="陈晓岚", email="a@example.org", created_at=datetime(2026, 3, 4, tzinfo=UTC))
        session.add(row)
        session.flush()
        return row.id


def asked(account, **changes):
    return Quick(ASKED).one({"id": account, "now": NOW, "most": 2, **changes})


def test_a_row_has_the_types_of_its_columns(account):
    assert asked(account) == {
        "id": account,
        "name": "陈晓岚",
        "email": "a@example.org",
        "created_at": datetime(2026, 3, 4, tzinfo=UTC),
        "identified_at": None,
        "live": True,
        "low": True,
    }
    assert asked(account, most=1)["low"] is False


def test_nothing_found_is_none(account):
    assert asked("nobody") is None
    assert asked(account, now=datetime(2026, 3, 4, tzinfo=UTC)) is None


def test_what_was_committed_is_seen_at_once(account):
    question = Quick(ASKED)
    sent = {"id": account, "now": NOW, "most": 2}
    assert question.one(sent)["name"] == "陈晓岚"
    with db.transaction() as session:
        session.get_one(Account, account).name = "陈岚"
        session.flush()
        assert question.one(sent)["name"] == "陈晓岚"
    assert question.one(sent)["name"] == "陈岚"


def test_one_connection_serves_many_reads_and_one_statement_each(account):
    asked(account)
    kept = list(quick._idle)
    with statements() as (sent, _):
        asked(account)
        asked(account)
    assert len(sent) == 2
    assert quick._idle == kept


def test_a_connection_that_was_closed_is_replaced(account, database):
    asked(account)
    if database.startswith("sqlite"):
        quick._idle[-1][1].close()
        assert asked(account)["id"] == account
        return
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert asked(account)["id"] == account


def test_another_database_is_asked_after_a_change_of_settings(account, tmp_path):
    question = Quick(ASKED)
    sent = {"id": account, "now": NOW, "most": 2}
    assert question.one(sent)
    db.configure(f"sqlite:///{tmp_path}/other.db")
    db.Base.metadata.create_all(db.engine())
    assert question.one(sent) is None


def test_nothing_can_be_written(account):
    asked(account)
    with pytest.raises(db.reading_engine().dialect.loaded_dbapi.Error):
        quick._idle[-1][1].execute("DELETE FROM account")
    quick._idle.clear()
    assert asked(account)


def test_an_error_is_sqlalchemys_names_no_values_and_harms_no_later_read(account):
    missing = Quick(select(literal("a secret")).select_from(table("gone")))
    with pytest.raises(DBAPIError) as refused:
        missing.one({})
    assert "a secret" not in str(refused.value)
    assert asked(account)


RENAME = Quick(
    update(Account)
    .where(Account.id == bindparam("which"))
    .values(name=bindparam("to"), identified_at=bindparam("at"))
    .returning(Account.id, Account.name, Account.identified_at)
)
TOUCH = Quick(update(Account).where(Account.id == bindparam("which")).values(identified_at=bindparam("at")))
CODE = {
    "code_hash": "h",
    "client_id": "c",
    "account_id": "gone",
    "family_id": "f",
    "session_id": "s",
    "redirect_uri": "https://a.example/cb",
    "scope": "openid",
    "sub": "s",
    "auth_time": NOW,
    "acr": "2",
    "amr": "pwd",
    "terms": {"resources": ["https://a.example"]},
    "expires_at": NOW,
    "offline": False,
}
OPEN = Quick(insert(AuthorizationCode), columns=tuple(CODE))


def test_what_is_written_within_a_transaction_is_a_part_of_it(account):
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        assert RENAME.within(session, {"which": account, "to": "陈岚", "at": NOW}) == {
            "id": account,
            "name": "陈岚",
            "identified_at": NOW,
        }
        assert Quick(ASKED).within(session, {"id": account, "now": NOW, "most": 2})["name"] == "陈岚"
        assert asked(account)["name"] == "陈晓岚"
        raise ZeroDivisionError
    assert asked(account)["name"] == "陈晓岚"
    with db.transaction() as session:
        assert TOUCH.changed(session, {"which": account, "at": NOW}) == 1
        assert TOUCH.changed(session, {"which": "nobody", "at": NOW}) == 0
        assert RENAME.within(session, {"which": "nobody", "to": "a", "at": NOW}) is None
    assert asked(account)["identified_at"] == NOW


def test_an_error_within_a_transaction_is_sqlalchemys_and_names_no_values(account):
    with pytest.raises(IntegrityError) as refused, db.transaction() as session:
        OPEN.changed(session, CODE)
    assert "a.example" not in str(refused.value)
    with db.transaction() as session:
        assert TOUCH.changed(session, {"which": account, "at": None}) == 1


def test_what_is_sent_within_a_transaction_is_counted(account):
    with statements() as (sent, ends), db.transaction() as session:
        TOUCH.changed(session, {"which": account, "at": NOW})
    assert len(sent) == 1
    assert ends == ["commit"]
