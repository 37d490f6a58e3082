"""Revocation (RFC 7009): what is given back counts nowhere any more, on every node."""

import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from idp.models.token import RevokedToken, TokenFamily
from kernel.audit import AuditEntry
from kernel.db import reading
from tests.protocol.nodes import node
from tests.protocol.parties import ISSUER
from tests.protocol.test_code_redemption import refused
from tests.protocol.test_introspection import introspect


def revoke(op, client, token=None, *, headers=None, **form):
    if headers is None:
        headers = client.basic if client.secret else {}
        form |= {} if client.secret else {"client_id": client.client_id}
    data = form if token is None else {"token": token, **form}
    return op.machine.post("/revoke", base_url=ISSUER, data=data, headers=headers)


@pytest.fixture
def portal(op):
    return op.portal()


@pytest.fixture
def person(op):
    return op.person().sign_in()


@pytest.fixture
def tokens(op, portal, person):
    return op.tokens(portal, person)


def acts():
    with reading() as db:
        rows = db.execute(select(AuditEntry.client_id, AuditEntry.details).where(AuditEntry.act == "token.revoked"))
        return [(client_id, details["kind"]) for client_id, details in rows]


class TestAccessToken:
    def test_it_counts_no_more_at_once_and_its_family_goes_on(self, op, portal, tokens):
        token = tokens["access_token"]
        assert op.userinfo(token).status_code == 200
        answer = revoke(op, portal, token)
        assert (answer.status_code, answer.data) == (200, b"")
        assert op.userinfo(token).status_code == 401
        assert introspect(op, portal, token).json == {"active": False}
        second = op.refresh(portal, tokens["refresh_token"])
        assert second.status_code == 200
        assert op.userinfo(second.json["access_token"]).status_code == 200
        assert acts() == [(portal.client_id, "access_token")]

    def test_the_token_itself_is_not_kept(self, op, portal, tokens):
        revoke(op, portal, tokens["access_token"])
        with reading() as db:
            assert db.scalars(select(RevokedToken.jti)).all() == [op.read(tokens["access_token"]).claims["jti"]]

    def test_a_machines_token_too(self, op):
        machine = op.machine_client("feeds:case")
        token = op.token(machine, grant_type="client_credentials").json["access_token"]
        batch = {"base_url": ISSUER, "headers": {"Authorization": f"Bearer {token}"}, "json": []}
        assert op.machine.post("/feeds/v1/case", **batch).status_code == 403  # good, and of no department
        assert revoke(op, machine, token).status_code == 200
        assert op.machine.post("/feeds/v1/case", **batch).status_code == 401
        assert introspect(op, machine, token).json == {"active": False}

    def test_twice_is_once(self, op, portal, tokens):
        assert [revoke(op, portal, tokens["access_token"]).status_code for _ in range(2)] == [200, 200]
        assert len(acts()) == 1

    def test_at_the_same_time_too(self, op, portal, tokens):
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: revoke(op, portal, tokens["access_token"]), range(6)))
        assert {a.status_code for a in answers} == {200}
        assert len(acts()) == 1


class TestRefreshToken:
    def test_it_ends_the_family_with_its_access_tokens(self, op, portal, tokens):
        assert op.userinfo(tokens["access_token"]).status_code == 200
        assert revoke(op, portal, tokens["refresh_token"], token_type_hint="refresh_token").status_code == 200
        refused(op.refresh(portal, tokens["refresh_token"]))
        assert op.userinfo(tokens["access_token"]).status_code == 401
        assert acts() == [(portal.client_id, "refresh_token")]
        with reading() as db:
            assert db.scalars(select(TokenFamily.revoked_for)).one() == "revoked"

    def test_an_older_one_does_as_well(self, op, portal, tokens):
        second = op.refresh(portal, tokens["refresh_token"]).json
        assert revoke(op, portal, tokens["refresh_token"]).status_code == 200
        refused(op.refresh(portal, second["refresh_token"]))

    def test_of_a_public_client(self, op, person):
        public = op.portal(token_endpoint_auth_method="none")
        tokens = op.tokens(public, person)
        assert revoke(op, public, tokens["refresh_token"]).status_code == 200
        assert op.userinfo(tokens["access_token"]).status_code == 401

    @pytest.mark.parametrize(
        "hint", ["access_token", "refresh_token", "saml2", ""], ids=["access", "refresh", "x", "-"]
    )
    def test_a_wrong_hint_does_no_harm(self, op, portal, tokens, hint):
        revoke(op, portal, tokens["refresh_token"], token_type_hint=hint)
        refused(op.refresh(portal, tokens["refresh_token"]))


class TestNothingToRevoke:
    def test_another_clients_tokens_stay_what_they_are(self, op, portal, tokens):
        thief = op.portal(introspects=True)
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert revoke(op, thief, token).status_code == 200
        assert op.userinfo(tokens["access_token"]).status_code == 200
        assert op.refresh(portal, tokens["refresh_token"]).status_code == 200
        assert acts() == []

    @pytest.mark.parametrize(
        "garbage", ["x", "a.b.c", "x" * 20_000, "é", f"{'a' * 32}.0.{'A' * 43}", "\x01"],
        ids=["x", "abc", "long", "accents", "made-up-refresh", "control"],
    )  # fmt: skip
    def test_what_is_no_token_is_answered_the_same(self, op, portal, garbage):
        assert (revoke(op, portal, garbage).status_code, acts()) == (200, [])

    def test_nobody_ends_a_family_with_a_made_up_token(self, op, portal, tokens):
        family, generation, _mac = tokens["refresh_token"].split(".")
        revoke(op, portal, f"{family}.{generation}.{'A' * 43}")
        assert op.refresh(portal, tokens["refresh_token"]).status_code == 200

    def test_an_expired_one_leaves_no_row(self, op, portal, person, frozen_clock):
        person.sign_in()
        token = op.tokens(portal, person)["access_token"]
        frozen_clock.advance(seconds=600)
        assert revoke(op, portal, token).status_code == 200
        with reading() as db:
            assert db.scalar(select(func.count()).select_from(RevokedToken)) == 0

    def test_without_a_token_the_request_is_invalid(self, op, portal):
        answer = revoke(op, portal)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")

    def test_without_authentication_nothing_is_revoked(self, op, tokens):
        answer = revoke(op, None, tokens["refresh_token"], headers={})
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert op.userinfo(tokens["access_token"]).status_code == 200

    def test_get_is_refused(self, op, portal):
        assert op.machine.get("/revoke", base_url=ISSUER, headers=portal.basic).status_code == 405


def ask(port, path, token=None, *, data=None, headers=None):
    sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    body = urllib.parse.urlencode(data).encode() if data else None
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=sent)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_it_is_true_on_every_node_within_a_second(op, portal, person, database, tmp_path):
    several = [op.tokens(portal, person) for _ in range(2)]
    with node(tmp_path / "a", database) as here, node(tmp_path / "b", database) as there:
        for tokens, kind in zip(several, ("access_token", "refresh_token"), strict=True):
            token = tokens["access_token"]
            for port in (here, there, there):  # warm: both know it as a good one
                assert ask(port, "/userinfo", token) == 200
            assert ask(here, "/revoke", data={"token": tokens[kind]}, headers=portal.basic) == 200
            assert ask(here, "/userinfo", token) == 401, "not at once where it was revoked"
            time.sleep(1)
            assert ask(there, "/userinfo", token) == 401, "not within a second on another node"


def test_what_is_remembered_is_no_older_than_half_a_second():
    from idp.tokens import families, revoked

    assert families.SEEN_SECONDS <= 0.5
    assert families._seen._seconds == revoked._machines._seconds == families.SEEN_SECONDS
