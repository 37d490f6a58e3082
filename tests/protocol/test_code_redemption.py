"""Redeeming a code: RFC 6749 §4.1.3, §10.5; RFC 7636 §4.6; RFC 9700 §4.5, §4.8."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from idp.models.account import BLOCKED, Account
from idp.models.client import Client
from idp.models.token import TokenFamily
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.parties import Pkce


@pytest.fixture
def portal(op, frozen_clock):
    return op.portal()


@pytest.fixture
def person(op):
    return op.person().sign_in()


def refused(response, error="invalid_grant", status=400):
    assert response.status_code == status, response.text
    assert response.json["error"] == error
    assert response.headers["Cache-Control"] == "no-store"
    return True


def test_a_code_used_more_than_once_is_denied_and_its_tokens_are_revoked(op, portal, person):
    pkce = Pkce()
    code = person.code(portal, pkce)
    answer = op.redeem(portal, code, pkce).json
    assert op.userinfo(answer["access_token"]).status_code == 200
    refused(op.redeem(portal, code, pkce))
    assert op.userinfo(answer["access_token"]).status_code == 401
    refused(op.refresh(portal, answer["refresh_token"]))
    with reading() as db:
        family = db.scalars(select(TokenFamily)).one()
        assert family.revoked_for == "code_replay"
        entry = db.scalars(select(AuditEntry).where(AuditEntry.act == "token.code_replay")).one()
    assert entry.outcome == "invalid_grant"
    assert entry.client_id == portal.client_id
    assert entry.subject == family.id


def test_thirty_seconds_later_too(op, portal, person, frozen_clock):
    pkce = Pkce()
    code = person.code(portal, pkce)
    answer = op.redeem(portal, code, pkce).json
    frozen_clock.advance(seconds=30)
    refused(op.redeem(portal, code, pkce))
    assert op.userinfo(answer["access_token"]).status_code == 401
    frozen_clock.advance(minutes=10)
    refused(op.redeem(portal, code, pkce))


def test_of_parallel_redemptions_exactly_one_gets_tokens(op, portal, person):
    pkce = Pkce()
    code = person.code(portal, pkce)
    with ThreadPoolExecutor(20) as pool:
        statuses = [r.status_code for r in pool.map(lambda _: op.redeem(portal, code, pkce), range(20))]
    assert sorted(statuses) == [200] + [400] * 19


def test_a_code_of_one_client_is_worth_nothing_at_another_and_not_spent_by_it(op, portal, person):
    pkce = Pkce()
    code, other = person.code(portal, pkce), op.portal()
    refused(op.redeem(other, code, pkce))
    assert op.redeem(portal, code, pkce).status_code == 200


def test_redirect_uri_must_be_the_same_as_in_the_request(op, portal, person):
    pkce = Pkce()
    code = person.code(portal, pkce)
    refused(op.redeem(portal, code, pkce, redirect_uri="https://portal.example.gov.cn/cb"))
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": pkce.verifier}
    refused(op.token(portal, **form))
    assert op.redeem(portal, code, pkce).status_code == 200


def test_a_code_expires_after_a_minute(op, portal, person, frozen_clock):
    pkce = Pkce()
    code = person.code(portal, pkce)
    frozen_clock.advance(seconds=60)
    refused(op.redeem(portal, code, pkce))


@pytest.mark.parametrize("code", ["nonsense", "x" * 5000, "数", "a\tb"])
def test_a_made_up_code_is_invalid(op, portal, code):
    refused(op.redeem(portal, code, Pkce()))


def test_without_a_code_the_request_is_invalid(op, portal):
    refused(op.token(portal, grant_type="authorization_code", code_verifier=Pkce().verifier), "invalid_request")


class TestPkce:
    """A challenge was sent, so nothing but its verifier opens the code (RFC 9700 §4.8.2)."""

    @pytest.mark.parametrize(
        ("verifier", "error"),
        [
            (None, "invalid_request"),
            ("", "invalid_request"),
            ("short", "invalid_request"),
            ("a" * 129, "invalid_request"),
            ("é" * 43, "invalid_request"),
            ("a" * 43, "invalid_grant"),
        ],
    )
    def test_a_verifier_that_is_missing_or_wrong_fails(self, op, portal, person, verifier, error):
        pkce = Pkce()
        code = person.code(portal, pkce)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": portal.redirect_uri}
        refused(op.token(portal, **form, **({} if verifier is None else {"code_verifier": verifier})), error)
        assert op.redeem(portal, code, pkce).status_code == 200

    def test_the_challenge_itself_is_no_verifier(self, op, portal, person):
        pkce = Pkce()
        refused(op.redeem(portal, person.code(portal, pkce), pkce, code_verifier=pkce.challenge))

    def test_the_verifier_of_another_code_fails(self, op, portal, person):
        mine, other = Pkce(), Pkce()
        person.code(portal, other)
        refused(op.redeem(portal, person.code(portal, mine), other))


class TestCompletion:
    """Whether account and client are still good is asked at every completion (IDENTITY rule f)."""

    def test_a_blocked_account_gets_no_tokens(self, op, portal, person):
        pkce = Pkce()
        code = person.code(portal, pkce)
        with transaction() as db:
            db.execute(update(Account).where(Account.id == person.account_id).values(status=BLOCKED))
        refused(op.redeem(portal, code, pkce))

    def test_a_client_disabled_elsewhere_gets_no_tokens_although_it_is_still_in_the_cache(self, op, portal, person):
        from kernel import clock

        pkce = Pkce()
        code = person.code(portal, pkce)
        with transaction() as db:
            db.execute(update(Client).where(Client.id == portal.client_id).values(disabled_at=clock.now()))
        refused(op.redeem(portal, code, pkce))

    def test_withdrawn_consent_spends_codes_on_their_way(self, op, portal, person):
        from idp.consent import decide

        pkce = Pkce()
        op.consent(person, portal, "email")
        code = person.code(portal, pkce, scope="openid email")
        with transaction() as db:
            decide.withdraw(db, client_id=portal.client_id, account_id=person.account_id)
        refused(op.redeem(portal, code, pkce))


def test_codes_and_secrets_are_not_in_the_database(op, portal, person):
    from sqlalchemy import text

    from kernel.db import Base

    pkce = Pkce()
    code = person.code(portal, pkce)
    answer = op.redeem(portal, code, pkce).json
    kept = []
    with reading() as db:
        for table in Base.metadata.sorted_tables:
            kept += [repr(row) for row in db.execute(text(f'SELECT * FROM "{table.name}"'))]
    everything = "\n".join(kept)
    assert portal.client_id in everything
    tail = answer["refresh_token"].rpartition(".")[2]
    for secret in (code, portal.secret, answer["access_token"], answer["refresh_token"], tail, pkce.verifier):
        assert secret not in everything
