"""Consent: 个人信息保护法 第十三条至第十五条, OpenID Connect Core §3.1.2.4."""

import pytest
from sqlalchemy import select

from idp.authorize import pending
from idp.consent import decide
from idp.models.consent import Consent
from idp.sessions import current
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.parties import ISSUER, Pkce, flow_of, landed


@pytest.fixture
def portal(op):
    return op.portal()


@pytest.fixture
def person(op):
    return op.person(email="z@example.gov.cn").sign_in()


def test_a_scope_that_hands_over_data_is_asked_for_once(op, portal, person):
    response = person.authorize(portal, scope="openid email")
    assert response.headers["Location"].startswith("/consent?flow=")
    op.consent(person, portal, "email")
    assert "code" in landed(person.get(f"/authorize/resume?flow={flow_of(response)}")).answer
    assert "code" in landed(person.authorize(portal, scope="openid email")).answer


@pytest.mark.parametrize("scope", ["openid", "openid materials"])
def test_who_one_is_needs_no_consent(portal, person, scope):
    assert "code" in landed(person.authorize(portal, scope=scope)).answer


def test_a_wider_scope_is_asked_for_anew(op, portal, person):
    op.consent(person, portal, "email")
    assert person.authorize(portal, scope="openid email profile").headers["Location"].startswith("/consent?")


def test_what_was_declined_is_not_given_and_not_asked_again(op, portal, person):
    with transaction() as db:
        decide.grant(
            db,
            client_id=portal.client_id,
            account_id=person.account_id,
            granted=frozenset({"profile"}),
            declined=frozenset({"email"}),
        )
    answer = op.tokens(portal, person, scope="openid email profile")
    assert set(answer["scope"].split()) == {"openid", "profile"}
    assert "email" not in op.userinfo(answer["access_token"]).json


def test_consent_given_to_one_client_is_nothing_to_another(op, portal, person):
    op.consent(person, portal, "email")
    assert person.authorize(op.portal(), scope="openid email").headers["Location"].startswith("/consent?")


def test_withdrawing_asks_again_and_is_audited(op, portal, person):
    op.consent(person, portal, "email")
    tokens = op.tokens(portal, person, scope="openid email")
    with transaction() as db:
        decide.withdraw(db, client_id=portal.client_id, account_id=person.account_id)
    assert op.userinfo(tokens["access_token"]).status_code == 401
    assert person.authorize(portal, scope="openid email").headers["Location"].startswith("/consent?")
    with reading() as db:
        assert db.scalars(select(Consent)).all() == []
        acts = db.scalars(select(AuditEntry.act).where(AuditEntry.act.like("consent.%")).order_by(AuditEntry.id)).all()
    assert acts == ["consent.given", "consent.withdrawn"]


def test_a_statutory_basis_takes_the_place_of_consent(op, person):
    portal = op.portal(legal_basis="《优化营商环境条例》第三十六条", purpose="企业登记")
    answer = op.tokens(portal, person, scope="openid email")
    assert op.userinfo(answer["access_token"]).json["email"] == "z@example.gov.cn"


def test_saying_no_tells_the_client_access_denied(op, portal, person):
    flow = flow_of(person.authorize(portal, scope="openid email"))
    with op.app.test_request_context("/consent", base_url=ISSUER, headers={"Cookie": cookie_of(person)}):
        pending.deny(current(), flow)
    answer = landed(person.get(f"/authorize/resume?flow={flow}")).answer
    assert answer["error"] == "access_denied"
    assert answer["state"] == "st&ate=1"


def cookie_of(person):
    return f"kapok={person.http.get_cookie('kapok', domain='127.0.0.1').value}"


def test_declining_everything_a_request_asked_for_is_access_denied(op, portal, person):
    with transaction() as db:
        decide.grant(
            db,
            client_id=portal.client_id,
            account_id=person.account_id,
            granted=frozenset(),
            declined=frozenset({"email"}),
        )
    assert landed(person.authorize(portal, Pkce(), scope="email")).answer["error"] == "access_denied"
