"""``claims`` (OpenID Connect Core §5.5): single claims, agreed to by name, and released where they were asked for."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from idp.models.account import Account
from idp.models.client import Client
from idp.models.code import AuthorizationCode
from idp.models.consent import CLAIM, Consent
from kernel.db import reading, transaction
from tests.protocol.parties import Pkce, flow_of, landed, statements

NUMBER = "440199198806120029"


@pytest.fixture
def portal(op):
    return op.portal(scope="openid profile email identity materials", purpose="租房提取")


@pytest.fixture
def person(op):
    return op.person(email="z@example.gov.cn", id_type="111", id_number=NUMBER).sign_in()


def asking(userinfo=None, id_token=None):
    return json.dumps({"userinfo": userinfo or {}, "id_token": id_token or {}})


def told_of(op, portal, person, **changes):
    """What the ID token and userinfo say besides what every one says."""
    answer = op.tokens(portal, person, **changes)
    claims = op.read(answer["id_token"]).claims
    told = op.userinfo(answer["access_token"]).json
    assert told.pop("sub") == claims["sub"]
    always = {"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "azp", "sid", "nonce", "at_hash"}
    return {n: v for n, v in claims.items() if n not in always}, told


class TestRelease:
    def test_each_claim_is_released_where_it_was_asked_for_and_nowhere_else(self, op, portal, person):
        op.consent(person, portal, claims={"email": True, "name": True})
        wishes = asking(userinfo={"email": None}, id_token={"name": {"essential": True}})
        assert told_of(op, portal, person, claims=wishes) == ({"name": "张三"}, {"email": "z@example.gov.cn"})

    def test_the_rest_of_the_scope_stays(self, op, portal, person):
        op.consent(person, portal, claims={"id_number": True})
        assert told_of(op, portal, person, claims=asking(userinfo={"id_number": None})) == ({}, {"id_number": NUMBER})

    def test_scopes_and_single_claims_together(self, op, portal, person):
        op.consent(person, portal, "profile", claims={"email": True})
        wishes = asking(userinfo={"email": None}, id_token={"name": None})
        in_token, told = told_of(op, portal, person, scope="openid profile", claims=wishes)
        assert in_token == {"name": "张三"}
        assert told == {"name": "张三", "locale": "zh-CN", "email": "z@example.gov.cn"}

    def test_what_only_describes_a_claim_goes_with_its_consent(self, op, portal, person):
        op.consent(person, portal, claims={"email": True})
        wishes = asking(userinfo={"email_verified": None})
        assert told_of(op, portal, person, claims=wishes) == ({}, {"email_verified": False})

    def test_consent_to_the_scope_is_consent_to_its_claims(self, op, portal, person):
        op.consent(person, portal, "email")
        assert told_of(op, portal, person, claims=asking(id_token={"email": None}))[0] == {"email": "z@example.gov.cn"}

    @pytest.mark.parametrize("name", ["nickname", "address", "name#en", "phone_number", "iss", "aud", "scope", ""])
    def test_claims_that_are_not_ours_or_not_the_clients_are_left_out(self, op, portal, person, name):
        wishes = asking(userinfo={name: {"essential": True}}, id_token={name: {"value": "x"}})
        assert told_of(op, portal, person, claims=wishes) == ({}, {})

    @pytest.mark.parametrize(
        ("wish", "there"),
        [
            ({"value": "z@example.gov.cn"}, True),
            ({"values": ["a@b", "z@example.gov.cn"]}, True),
            ({"value": "Z@example.gov.cn"}, False),
            ({"values": ["a@b", 1, None, {"a": 1}]}, False),
            ({"essential": True, "value": True}, False),
        ],
        ids=range(5),
    )
    def test_another_value_than_the_one_asked_for_is_left_out(self, op, portal, person, wish, there):
        op.consent(person, portal, claims={"email": True})
        in_token, told = told_of(op, portal, person, claims=asking(userinfo={"email": wish}, id_token={"email": wish}))
        assert ("email" in in_token, "email" in told) == (there, there)

    def test_it_is_read_at_this_moment_and_only_while_the_client_is_registered_for_it(self, op, portal, person):
        op.consent(person, portal, claims={"email": True})
        token = op.tokens(portal, person, claims=asking(userinfo={"email": None}))["access_token"]
        with transaction() as db:
            db.get_one(Account, person.account_id).email = "neu@example.gov.cn"
        assert op.userinfo(token).json["email"] == "neu@example.gov.cn"
        from idp.clients import registered

        with transaction() as db:
            db.get_one(Client, portal.client_id).scopes = ["openid", "profile"]
        registered.forget(portal.client_id)
        assert set(op.userinfo(token).json) == {"sub"}

    def test_a_refreshed_id_token_says_the_same(self, op, portal, person):
        op.consent(person, portal, claims={"name": True})
        answer = op.tokens(portal, person, claims=asking(id_token={"name": None}))
        again = op.refresh(portal, answer["refresh_token"]).json
        assert op.read(again["id_token"]).claims["name"] == "张三"

    def test_a_statutory_basis_takes_the_place_of_consent(self, op, person):
        portal = op.portal(legal_basis="《住房公积金管理条例》第二十四条", scope="openid email", purpose="核验")
        told = told_of(op, portal, person, claims=asking(userinfo={"email": None}))[1]
        assert told == {"email": "z@example.gov.cn"}

    def test_without_openid_there_is_no_claims_parameter(self, op, portal, person):
        answer = landed(person.authorize(portal, scope="materials", claims=asking(userinfo={"email": None}))).answer
        assert "code" in answer

    def test_nothing_is_kept_where_nothing_was_asked_for(self, op, portal, person):
        person.code(portal, Pkce())
        with reading() as db:
            assert db.scalars(select(AuthorizationCode.terms)).one() is None


class TestConsent:
    def test_a_claim_is_asked_for_once_and_by_its_name(self, op, portal, person):
        wishes = asking(userinfo={"id_number": {"essential": True}, "email": None})
        flow = flow_of(person.authorize(portal, claims=wishes))
        page = person.get(f"/consent?flow={flow}").text
        assert 'name="scope" value="claim:id_number"' in page
        assert 'name="scope" value="claim:email"' in page
        assert page.count("对方说明办理需要") == 1
        assert "4401" in page
        assert "张三" not in page.partition("</header>")[2].partition("<form")[2], "only what was asked for is shown"
        person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="allow", scope=["claim:email"], keep="year")
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow}")).answer
        assert told_of(op, portal, person, claims=wishes) == ({}, {"email": "z@example.gov.cn"})
        with reading() as db:
            kept = {row.name: row for row in db.scalars(select(Consent))}
        assert {row.kind for row in kept.values()} == {CLAIM}
        assert (kept["email"].granted, kept["id_number"].granted) == (True, False)
        assert kept["email"].purpose == "租房提取"

    def test_an_essential_claim_marks_the_scope_that_holds_it(self, op, portal, person):
        wishes = asking(userinfo={"email": {"essential": True}})
        flow = flow_of(person.authorize(portal, scope="openid email", claims=wishes))
        page = person.get(f"/consent?flow={flow}").text
        assert "claim:email" not in page
        assert page.count("对方说明办理需要") == 1

    def test_a_box_that_was_not_asked_gives_nothing(self, op, portal, person):
        flow = flow_of(person.authorize(portal, claims=asking(userinfo={"email": None})))
        ticked = ["claim:id_number", "claim:nickname", "identity", "email", "claim:"]
        person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="allow", scope=ticked)
        with reading() as db:
            assert [(row.name, row.granted) for row in db.scalars(select(Consent))] == [("email", False)]

    def test_silently_it_is_consent_required(self, op, portal, person):
        answer = landed(person.authorize(portal, prompt="none", claims=asking(id_token={"email": None}))).answer
        assert answer["error"] == "consent_required"

    def test_consent_to_a_claim_is_not_consent_to_its_scope(self, op, portal, person):
        op.consent(person, portal, claims={"id_number": True})
        assert person.authorize(portal, scope="openid identity").headers["Location"].startswith("/consent?")


class TestSub:
    def test_a_sub_with_a_value_names_the_person(self, op, portal, person):
        sub = op.read(op.tokens(portal, person)["id_token"]).claims["sub"]
        for place in ("id_token", "userinfo"):
            wishes = json.dumps({place: {"sub": {"value": sub}}})
            assert "code" in landed(person.authorize(portal, prompt="none", claims=wishes)).answer
            other = op.person().sign_in()
            assert landed(other.authorize(portal, prompt="none", claims=wishes)).answer["error"] == "login_required"

    def test_two_people_at_once_are_a_mistake(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        for extra in ({"id_token_hint": hint}, {}):
            subs = {"value": "x"} if extra else {"values": ["x", "y"]}
            answer = landed(person.authorize(portal, claims=asking(id_token={"sub": subs}), **extra)).answer
            assert answer["error"] == "invalid_request"
            assert answer["error_description"] == "claims and id_token_hint name more than one sub"


@pytest.mark.parametrize("text", ["{", "[]", '{"userinfo": 1}', "[" * 600], ids=range(4))
def test_what_is_malformed_is_told_to_the_client(portal, person, text):
    answer = landed(person.authorize(portal, claims=text)).answer
    assert answer["error"] == "invalid_request"
    assert answer["error_description"].startswith("claims")


def test_a_code_with_claims_in_the_id_token_reads_the_person_too(op, portal, person):
    op.consent(person, portal, claims={"name": True})
    pkce = Pkce()
    code = person.code(portal, pkce, claims=asking(id_token={"name": None}))
    op.tokens(portal, person)
    with statements() as (sent, _commits):
        assert op.redeem(portal, code, pkce).status_code == 200
    assert [line.split()[0] for line in sent] == ["UPDATE", "SELECT", "INSERT", "SELECT", "SELECT"], sent


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("z@example.gov.cn"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["essential", "value", "values", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["email", "name", "level", "certificates", "acr", "auth_time", "sub", "iss", "nickname", "#", "\0"]
)


def test_nothing_that_is_asked_for_breaks_anything(op):
    person = op.person(email="z@example.gov.cn").sign_in()
    portal = op.portal(scope="openid profile email identity certificates", legal_basis="《数据安全法》", purpose="核验")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from(["id_token", "userinfo"]), JSON | st.dictionaries(NAMES, JSON, max_size=4)))
    def fuzz(wishes):
        pkce = Pkce()
        response = person.authorize(portal, pkce, claims=json.dumps(wishes))
        assert response.status_code == 303, wishes
        if response.headers["Location"].startswith(("/login?", "/login/step-up?")):
            return
        answer = landed(response).answer
        if "code" in answer:
            tokens = op.redeem(portal, answer["code"], pkce)
            assert tokens.status_code == 200, wishes
            assert op.userinfo(tokens.json["access_token"]).status_code == 200, wishes
        else:
            assert answer["error"] in {"invalid_request", "unmet_authentication_requirements"}, wishes

    fuzz()


def test_discovery_tells_of_it(op):
    from tests.protocol.parties import ISSUER

    told = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert told["claims_parameter_supported"] is True
    assert {"name", "email", "id_number", "certificates", "sub", "acr", "sid", "at_hash"} <= set(
        told["claims_supported"]
    )
    assert told["acr_values_supported"] == ["2", "3", "4", "5"]
    assert told["display_values_supported"] == ["page", "popup", "touch", "wap"]
    assert told["ui_locales_supported"] == ["zh-CN", "en"]
    assert told["claims_locales_supported"] == ["zh-CN"]
    assert told["prompt_values_supported"] == ["none", "login", "consent", "select_account", "create"]
    assert "offline_access" in told["scopes_supported"]
