"""``offline_access`` (OpenID Connect Core §11): asked for with a consent of its own; without it, tokens end with the
session.
"""

import pytest
from sqlalchemy import select

from idp import login_sessions
from idp.models.consent import Consent
from idp.models.token import TokenFamily
from kernel.db import reading, transaction
from tests.protocol.parties import flow_of, landed

SCOPE = "openid offline_access"


@pytest.fixture
def portal(op):
    return op.portal(scope="openid email offline_access")


@pytest.fixture
def person(op, frozen_clock):
    return op.person(email="z@example.gov.cn").sign_in()


def family():
    with reading() as db:
        return db.scalars(select(TokenFamily).order_by(TokenFamily.created_at.desc(), TokenFamily.id.desc())).first()


def agree(person, portal, *ticked, **changes):
    """Through the consent page; the flow that goes on."""
    flow = flow_of(person.authorize(portal, prompt="consent", scope=SCOPE, **changes))
    on = f"/consent?flow={flow}"
    person.send("/consent", on=on, flow=flow, do="allow", scope=list(ticked), keep="year")
    return flow


def test_it_is_passed_over_where_the_person_is_not_asked(op, portal, person):
    answer = op.tokens(portal, person, scope=SCOPE)
    assert answer["scope"] == "openid"
    assert family().offline is False


def test_it_is_shown_and_remembered_as_a_choice_of_its_own(op, portal, person, frozen_clock):
    flow = flow_of(person.authorize(portal, prompt="consent", scope=SCOPE))
    page = person.get(f"/consent?flow={flow}").text
    assert "您不在时也能使用" in page
    assert 'name="scope" value="offline_access"' in page
    agree(person, portal, "offline_access")
    answer = op.tokens(portal, person, scope=SCOPE)
    assert set(answer["scope"].split()) == {"openid", "offline_access"}
    assert family().offline is True


def test_asked_and_not_ticked_it_is_not_given(op, portal, person):
    flow = agree(person, portal)
    assert "code" in landed(person.get(f"/authorize/resume?flow={flow}")).answer
    with reading() as db:
        assert [(one.name, one.granted) for one in db.scalars(select(Consent))] == [("offline_access", False)]
    assert op.tokens(portal, person, scope=SCOPE)["scope"] == "openid"


def test_prompt_consent_asks_again_though_it_stands(portal, person, frozen_clock):
    agree(person, portal, "offline_access")
    frozen_clock.advance(seconds=1)
    assert person.authorize(portal, prompt="consent", scope=SCOPE).headers["Location"].startswith("/consent?")


def test_the_end_of_the_session_ends_one_kind_and_not_the_other(op, portal, person):
    agree(person, portal, "offline_access")
    online, offline = (op.tokens(portal, person, scope=scope)["refresh_token"] for scope in ("openid", SCOPE))
    with transaction() as db:
        login_sessions.end(db, person.account_id)
    assert op.refresh(portal, online).status_code == 400
    assert op.refresh(portal, offline).status_code == 200


def test_taking_the_consent_back_ends_it_at_once(op, portal, person):
    agree(person, portal, "offline_access")
    token = op.tokens(portal, person, scope=SCOPE)["refresh_token"]
    page = f"/account/apps/{portal.client_id}/withdraw?item=scope:offline_access"
    path = f"/account/apps/{portal.client_id}/withdraw"
    assert person.send(path, on=page, item="scope:offline_access").status_code == 303
    assert op.refresh(portal, token).status_code == 400
    assert op.tokens(portal, person, scope=SCOPE)["scope"] == "openid"


def test_a_client_without_refresh_tokens_has_nothing_to_keep(op, person):
    portal = op.portal(scope="openid offline_access", grant_types=["authorization_code"])
    answer = landed(person.authorize(portal, prompt="consent", scope=SCOPE)).answer
    assert "code" in answer
    assert landed(person.authorize(portal, scope="offline_access")).answer["error"] == "invalid_scope"


def test_a_statutory_basis_asks_nobody(op, person):
    portal = op.portal(scope="openid offline_access", legal_basis="《数据安全法》第三十八条", purpose="核验")
    assert "offline_access" in op.tokens(portal, person, scope=SCOPE)["scope"]
    assert family().offline is True
