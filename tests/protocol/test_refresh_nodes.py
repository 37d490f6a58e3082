"""Refresh tokens at several processes over one PostgreSQL (IDENTITY §5, refresh race)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from idp.models.token import TokenFamily
from kernel.db import reading
from tests.protocol.nodes import node, post


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_fifty_parallel_refreshes_at_two_processes_are_one_family_with_one_successor(op, database, tmp_path):
    portal = op.portal()
    first = op.tokens(portal, op.person().sign_in())
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    with (
        node(tmp_path / "a", database) as here,
        node(tmp_path / "b", database) as there,
        ThreadPoolExecutor(10) as pool,
    ):
        ports = [here, there] * 25
        answers = list(pool.map(lambda port: post(port, "/token", form, portal.basic), ports))
    assert {status for status, _ in answers} == {200}
    assert len({answer["refresh_token"] for _, answer in answers}) == 1
    with reading() as db:
        assert db.scalars(select(TokenFamily.generation)).one() == 1
        assert db.scalars(select(TokenFamily.revoked_at)).one() is None
