"""Migrations keep what is there: rows of the first schema are found again in today's."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from kernel import db

CONFIG = Path(__file__).parents[3] / "alembic.ini"
BEFORE = (
    (
        "INSERT INTO account (id, name, own_level, level, status, admin, locale, created_at)"
        " VALUES ('a', 'x', 2, 2, 'active', false, 'zh_CN', '2026-01-01 00:00:00+00')"
    ),
    (
        "INSERT INTO client (id, name, kind, auth_method, grant_types, redirect_uris, post_logout_redirect_uris,"
        " scopes, sector, id_token_alg, default_max_age, registered, created_at)"
        " VALUES ('c', 'x', 'portal', 'none', '[]', '[]',"
        """ '[]', '[]', 's', 'RS256', 0, '{"id_token_signed_response_alg": "RS256"}', '2026-01-01 00:00:00+00')"""
    ),
    (
        "INSERT INTO consent (id, account_id, client_id, granted, declined, decided_at)"
        """ VALUES ('1', 'a', 'c', '["profile", "email"]', '["phone"]', '2026-01-01 00:00:00+00')"""
    ),
)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_decisions_become_rows_and_clients_stay_what_they_were(kind, load_settings, tmp_path, request):
    files = f"sqlite:///{tmp_path}/rows.db"
    url = files if kind == "sqlite" else request.getfixturevalue("postgres").create("rows")
    load_settings(DATABASE_URL=url)
    db.configure(url)
    config = Config(str(CONFIG))
    command.upgrade(config, "0001")
    with db.transaction() as session:
        for row in BEFORE:
            session.connection().exec_driver_sql(row)
    command.upgrade(config, "head")
    with db.reading() as session:
        decided = session.execute(text("SELECT name, granted FROM consent_decision ORDER BY name")).all()
        kept = session.execute(text("SELECT registered FROM client WHERE id = 'c'")).scalar_one()
    db.dispose()
    assert [(name, bool(yes)) for name, yes in decided] == [("email", True), ("phone", False), ("profile", True)]
    assert '"default_max_age": 0' in str(kept).replace("'", '"')
    assert "RS256" in str(kept)
