"""One code, two real processes over one database: one redemption counts, and a replay is seen by both (IDENTITY §5)."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from idp.models.token import TokenFamily
from kernel.db import reading
from tests.protocol.nodes import node, post
from tests.protocol.parties import Pkce

AT_ONCE = 50


@pytest.fixture
def two(database, tmp_path):
    with node(tmp_path / "a", database) as here, node(tmp_path / "b", database) as there:
        yield here, there


def at_once(ports, form, headers):
    """The same form from as many threads as there are ports, all let go together."""
    start = Barrier(len(ports))

    def send(port):
        start.wait(60)
        return post(port, "/token", form, headers)

    with ThreadPoolExecutor(len(ports)) as pool:
        return list(pool.map(send, ports))


def redemption(portal, code, pkce):
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": portal.redirect_uri,
        "code_verifier": pkce.verifier,
    }


def known(port, token):
    return post(port, "/userinfo", {"access_token": token}, {})[0] == 200


def test_of_fifty_redemptions_at_two_processes_exactly_one_succeeds_and_then_nothing_is_left(op, two):
    portal, person, pkce = op.portal(), op.person().sign_in(), Pkce()
    form = redemption(portal, person.code(portal, pkce), pkce)
    answers = at_once([*two] * (AT_ONCE // 2), form, portal.basic)
    assert sorted(status for status, _ in answers) == [200] + [400] * (AT_ONCE - 1)
    assert {answer["error"] for status, answer in answers if status == 400} == {"invalid_grant"}
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(TokenFamily)) == 1
        assert db.scalars(select(TokenFamily.revoked_for)).one() == "code_replay"
    [won] = [answer for status, answer in answers if status == 200]
    time.sleep(1)
    for port in two:
        assert not known(port, won["access_token"])
        refresh = {"grant_type": "refresh_token", "refresh_token": won["refresh_token"]}
        assert post(port, "/token", refresh, portal.basic)[1]["error"] == "invalid_grant"


def test_a_replay_at_the_one_ends_what_the_other_gave(op, two):
    here, there = two
    portal, person, pkce = op.portal(), op.person().sign_in(), Pkce()
    form = redemption(portal, person.code(portal, pkce), pkce)
    status, first = post(here, "/token", form, portal.basic)
    assert status == 200
    assert known(here, first["access_token"])
    assert known(there, first["access_token"])
    assert post(there, "/token", form, portal.basic)[1]["error"] == "invalid_grant"
    assert not known(there, first["access_token"]), "not at once where the replay was seen"
    time.sleep(1)
    assert not known(here, first["access_token"]), "not within a second on the other"


def test_a_refresh_token_replayed_at_the_other_ends_the_family(op, two):
    here, there = two
    portal, person = op.portal(), op.person().sign_in()
    tokens = op.tokens(portal, person)
    replayed, latest = tokens["refresh_token"], tokens
    for port in (here, there):  # two generations on: no grace covers the first
        form = {"grant_type": "refresh_token", "refresh_token": latest["refresh_token"]}
        status, latest = post(port, "/token", form, portal.basic)
        assert status == 200
    assert known(here, latest["access_token"])
    form = {"grant_type": "refresh_token", "refresh_token": replayed}
    assert post(there, "/token", form, portal.basic)[1]["error"] == "invalid_grant"
    time.sleep(1)
    for port in two:
        assert not known(port, latest["access_token"])
        form = {"grant_type": "refresh_token", "refresh_token": latest["refresh_token"]}
        assert post(port, "/token", form, portal.basic)[1]["error"] == "invalid_grant"
