"""Exact counts of what a request asks of the database: they have no noise (PERFORMANCE §9.6)."""

import pytest

from tests.protocol.parties import ISSUER, Pkce, statements


@pytest.fixture
def portal(op):
    return op.portal()


@pytest.fixture
def person(op):
    return op.person().sign_in()


def test_client_credentials_ask_nothing_when_warm(op):
    machine = op.machine_client("feeds:cases")
    op.token(machine, grant_type="client_credentials")
    with statements() as (sent, commits):
        assert op.token(machine, grant_type="client_credentials").status_code == 200
    assert (sent, commits) == ([], [])


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration"])
def test_public_documents_ask_nothing_when_warm(op, path):
    op.machine.get(path, base_url=ISSUER)
    with statements() as (sent, commits):
        assert op.machine.get(path, base_url=ISSUER).status_code == 200
    assert (sent, commits) == ([], [])


def test_a_code_is_one_transaction_of_three_statements(op, portal, person):
    op.tokens(portal, person)
    pkce = Pkce()
    code = person.code(portal, pkce)
    with statements() as (sent, commits):
        assert op.redeem(portal, code, pkce).status_code == 200
    assert len(sent) == 3, sent
    assert len(commits) == 1
    assert sent[0].startswith("UPDATE authorization_code")


def test_a_refresh_is_one_transaction_of_two_statements(op, portal, person):
    token = op.tokens(portal, person)["refresh_token"]
    with statements() as (sent, commits):
        assert op.refresh(portal, token).status_code == 200
    assert len(sent) == 2, sent
    assert len(commits) == 1


def test_userinfo_is_one_read_where_no_data_is_released(op, portal, person):
    token = op.tokens(portal, person)["access_token"]
    with statements() as (sent, commits):
        assert op.userinfo(token).status_code == 200
    assert len(sent) == 1, sent
    assert commits == []


def test_userinfo_that_is_asked_again_at_once_reads_nothing(op, portal, person):
    token = op.tokens(portal, person)["access_token"]
    op.userinfo(token)
    with statements() as (sent, commits):
        assert op.userinfo(token).status_code == 200
    assert (sent, commits) == ([], [])


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_introspection_is_one_read(op, portal, person, kind):
    token = op.tokens(portal, person)[kind]
    form = {"data": {"token": token}, "headers": portal.basic, "base_url": ISSUER}
    with statements() as (sent, commits):
        assert op.machine.post("/introspect", **form).json["active"] is True
    assert len(sent) == 1, sent
    assert commits == []


def test_introspection_of_a_machines_token_is_one_read_and_none_when_repeated(op):
    machine = op.machine_client("feeds:cases")
    token = op.token(machine, grant_type="client_credentials").json["access_token"]
    form = {"data": {"token": token}, "headers": machine.basic, "base_url": ISSUER}
    with statements() as (sent, _):
        assert op.machine.post("/introspect", **form).json["active"] is True
        assert len(sent) == 1, sent
        assert op.machine.post("/introspect", **form).json["active"] is True
    assert len(sent) == 1, sent


def test_revocation_of_an_access_token_is_one_transaction(op, portal, person):
    token = op.tokens(portal, person)["access_token"]
    with statements() as (sent, commits):
        op.machine.post("/revoke", data={"token": token}, headers=portal.basic, base_url=ISSUER)
    assert len(sent) <= 3, sent  # the revocation, and the two of its audit entry
    assert len(commits) == 1


def test_a_refused_client_opens_no_transaction(op, portal):
    op.token(portal, grant_type="client_credentials")
    with statements() as (sent, commits):
        assert (
            op.token(headers={"Authorization": "Basic eDp5"}, grant_type="authorization_code", code="x").status_code
            == 401
        )
    assert commits == []
    assert len(sent) <= 1, sent


def test_nobody_signed_in_takes_no_lock(op, portal):
    visitor = op.visitor()
    visitor.authorize(portal)
    with statements() as (_sent, commits):
        assert visitor.authorize(portal).status_code == 303
    assert commits == []


def test_a_family_is_one_row_however_often_it_is_refreshed(op, portal, person):
    from sqlalchemy import func, select

    from idp.models.token import TokenFamily
    from kernel.db import reading

    token = op.tokens(portal, person)["refresh_token"]
    for _ in range(5):
        token = op.refresh(portal, token).json["refresh_token"]
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(TokenFamily)) == 1
