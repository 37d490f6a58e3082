"""Refresh tokens under FAPI 2.0 (§5.3.2.1): the client's key protects them, so they are not rotated."""

import pytest
from sqlalchemy import select, update

from idp.clients import registered
from idp.models.client import Client
from idp.models.token import TokenFamily
from kernel.db import reading, transaction
from tests.protocol.client_keys import KeyClient, Prover, key_client
from tests.protocol.parties import CALLBACK, ISSUER, Pkce, statements
from tests.protocol.test_code_redemption import refused


class Strict:
    """A portal that proves itself and its tokens by keys; ``security_profile`` is turned on after its first tokens."""

    def __init__(self, op) -> None:
        self.op = op
        self.keys: KeyClient = key_client(
            op,
            grant_types=["authorization_code", "refresh_token"],
            redirect_uris=[CALLBACK],
            scope="openid materials",
            dpop_bound_access_tokens=True,
        )
        self.prover = Prover()

    def ask(self, **form):
        return self.op.token(headers=self.prover.sent(), **self.keys.form(), **form)

    def first(self, person):
        pkce = Pkce()
        code = person.code(self.keys.portal, pkce, scope="openid materials")
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": pkce.verifier}
        answer = self.ask(redirect_uri=CALLBACK, **form)
        assert answer.status_code == 200, answer.text
        with transaction() as db:
            row = db.scalars(select(Client).where(Client.id == self.keys.portal.client_id)).one()
            row.registered = {**row.registered, "security_profile": "fapi2"}
        registered.forget(self.keys.portal.client_id)
        return answer.json

    def refresh(self, token, **form):
        return self.ask(grant_type="refresh_token", refresh_token=token, **form)


@pytest.fixture
def strict(op, frozen_clock):
    return Strict(op)


@pytest.fixture
def first(op, strict):
    return strict.first(op.person().sign_in())


def test_the_same_refresh_token_is_answered_again_and_again(op, strict, first, frozen_clock):
    for _ in range(3):
        frozen_clock.advance(minutes=5)
        answer = strict.refresh(first["refresh_token"])
        assert answer.status_code == 200, answer.text
        assert answer.json["refresh_token"] == first["refresh_token"]
        assert answer.json["access_token"] != first["access_token"]
        assert op.read(answer.json["access_token"]).claims["cnf"] == {"jkt": strict.prover.jkt}
    with reading() as db:
        assert db.scalars(select(TokenFamily.generation)).one() == 0


def test_it_lives_a_week_from_its_last_use(strict, first, frozen_clock):
    for _ in range(2):
        frozen_clock.advance(days=6)
        assert strict.refresh(first["refresh_token"]).status_code == 200
    frozen_clock.advance(days=7)
    refused(strict.refresh(first["refresh_token"]))


def test_it_is_still_one_transaction_of_two_statements(strict, first):
    strict.refresh(first["refresh_token"])
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **strict.keys.form()}
    headers = strict.prover.sent()
    with statements() as (sent, commits):
        assert strict.op.token(headers=headers, **form).status_code == 200
    assert len(sent) == 2, sent
    assert len(commits) == 1


def test_what_was_ended_is_not_brought_back_by_a_use_at_the_same_time(strict, first):
    from idp.tokens import families

    with transaction() as db:
        families.end(db, client_id=strict.keys.portal.client_id, reason="x")
        [family_id] = db.scalars(select(TokenFamily.id))
        assert not families.touch(db, family_id, 0)
    refused(strict.refresh(first["refresh_token"]))


def test_a_token_from_before_that_was_rotated_away_is_a_copy(strict, first, frozen_clock):
    with transaction() as db:
        db.execute(update(TokenFamily).values(generation=1))
    frozen_clock.advance(minutes=1)
    refused(strict.refresh(first["refresh_token"]))
    with reading() as db:
        assert db.scalars(select(TokenFamily.revoked_for)).one() == "refresh_reuse"


def test_introspection_tells_the_key(strict, first):
    form = {"token": first["access_token"], **strict.keys.form()}
    told = strict.op.machine.post("/introspect", base_url=ISSUER, data=form).json
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": strict.prover.jkt})
