"""Who is asked again and says no to what was agreed to before has taken it back (个人信息保护法 第十五条)."""

import pytest
from sqlalchemy import select

from idp.models.token import TokenFamily
from kernel.db import reading
from tests.protocol.parties import Pkce, flow_of, landed


@pytest.fixture
def person(op):
    return op.person(email="zhang@example.cn").sign_in()


@pytest.fixture
def portal(op):
    return op.portal(scope="openid profile email")


def asked_again(person, portal, **ticked):
    flow = flow_of(person.authorize(portal, Pkce(), scope="openid profile email", prompt="consent"))
    done = person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="allow", keep="year", **ticked)
    return landed(person.get(done.headers["Location"])).answer["code"]


def test_tokens_of_before_give_it_no_longer(op, person, portal):
    op.consent(person, portal, "profile", "email")
    before = op.tokens(portal, person, scope="openid profile email")
    assert op.userinfo(before["access_token"]).json["email"] == "zhang@example.cn"
    asked_again(person, portal)
    assert op.userinfo(before["access_token"]).status_code == 401
    assert op.refresh(portal, before["refresh_token"]).json["error"] == "invalid_grant"
    with reading() as db:
        assert db.scalars(select(TokenFamily.revoked_for)).all() == ["consent_withdrawn"]


def test_who_agrees_to_the_same_again_ends_nothing(op, person, portal):
    op.consent(person, portal, "profile", "email")
    before = op.tokens(portal, person, scope="openid profile email")
    asked_again(person, portal, scope="email")
    assert op.userinfo(before["access_token"]).json["email"] == "zhang@example.cn"
    assert op.refresh(portal, before["refresh_token"]).status_code == 200
