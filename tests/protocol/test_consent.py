"""Consent: 个人信息保护法 第十三条至第十五条, OpenID Connect Core §3.1.2.4."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from idp import authorization_detail
from idp.authorize import pending
from idp.clients import registered
from idp.consent import decide
from idp.models.client import Client
from idp.models.consent import Consent
from idp.sessions import current
from kernel import clock
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


class TestOneDecisionAThing:
    def test_a_new_decision_does_not_prolong_an_older_one(self, op, portal, person, frozen_clock):
        started = clock.now()
        for name, days in (("email", 1), ("profile", 300)):
            with transaction() as db:
                decide.grant(
                    db,
                    client_id=portal.client_id,
                    account_id=person.account_id,
                    granted=frozenset({name}),
                    until=started + timedelta(days=days),
                )
            frozen_clock.advance(minutes=5)
        with reading() as db:
            ends = {row.name: (row.decided_at, row.expires_at) for row in db.scalars(select(Consent))}
        assert ends["email"] == (started, started + timedelta(days=1))
        assert ends["profile"] == (started + timedelta(minutes=5), started + timedelta(days=300))
        frozen_clock.advance(hours=24)
        person.sign_in()
        flow = flow_of(person.authorize(portal, scope="openid email profile"))
        page = person.get(f"/consent?flow={flow}").text
        assert 'value="email"' in page
        assert "必须提供" not in page, "what still stands is not asked again"

    def test_another_purpose_is_asked_for_anew(self, op, person):
        portal = op.portal(purpose="租房提取")
        with transaction() as db:
            decide.grant(
                db,
                client_id=portal.client_id,
                account_id=person.account_id,
                granted=frozenset({"email"}),
                purpose="租房提取",
            )
        assert "code" in landed(person.authorize(portal, scope="openid email")).answer
        with transaction() as db:
            db.get_one(Client, portal.client_id).purpose = "营销"
        registered.forget(portal.client_id)
        assert person.authorize(portal, scope="openid email").headers["Location"].startswith("/consent?")

    def test_the_purpose_that_was_told_is_kept(self, op, person):
        portal = op.portal(purpose="租房提取")
        flow = flow_of(person.authorize(portal, scope="openid email profile"))
        person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="allow")
        with reading() as db:
            kept = db.scalars(select(Consent).order_by(Consent.name)).all()
        assert [(row.name, row.granted, row.purpose) for row in kept] == [
            ("email", False, "租房提取"),
            ("profile", True, "租房提取"),
        ]


class TestPage:
    def test_a_flow_of_one_client_gives_nothing_to_another(self, op, portal, person):
        other = op.portal()
        flow = flow_of(person.authorize(portal, scope="openid email"))
        second = flow_of(person.authorize(other, scope="openid email"))
        page = f"/consent?flow={flow}"
        person.send("/consent", on=page, flow=flow, do="allow", scope="email", client_id=other.client_id)
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow}")).answer
        assert person.get(f"/authorize/resume?flow={second}").headers["Location"] == f"/consent?flow={second}"
        with reading() as db:
            assert db.scalars(select(Consent.client_id)).all() == [portal.client_id]

    def test_a_foreign_form_decides_nothing(self, op, portal, person):
        flow = flow_of(person.authorize(portal, scope="openid email"))
        form = {"flow": flow, "do": "allow", "scope": "email"}
        response = person.http.post("/consent", base_url=ISSUER, data=form, headers={"Origin": "https://evil.example"})
        assert response.status_code == 400
        with reading() as db:
            assert db.scalars(select(Consent)).all() == []

    def test_no_leaves_an_entry_and_may_be_asked_again(self, op, portal, person):
        flow = flow_of(person.authorize(portal, scope="openid email"))
        person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="deny")
        answer = landed(person.get(f"/authorize/resume?flow={flow}")).answer
        assert (answer["error"], answer["state"]) == ("access_denied", "st&ate=1")
        with reading() as db:
            entry = db.scalars(select(AuditEntry).where(AuditEntry.act == "consent.given")).one()
        assert (entry.outcome, entry.subject) == ("denied", portal.client_id)
        assert person.authorize(portal, scope="openid email").headers["Location"].startswith("/consent?")

    def test_who_asks_shows_what_it_registered_about_itself(self, op, person):
        portal = op.portal(
            policy_uri="https://portal.example.gov.cn/privacy", tos_uri="https://portal.example.gov.cn/tos"
        )
        flow = flow_of(person.authorize(portal, scope="openid email"))
        for page in (f"/consent?flow={flow}", f"/login?flow={flow}"):
            text = person.get(page).text
            assert 'href="https://portal.example.gov.cn/privacy"' in text
            assert 'href="https://portal.example.gov.cn/tos"' in text

    def test_it_is_said_in_the_language_of_the_page(self, op, person):
        portal = op.portal(
            **{"client_name#en": "Test portal", "policy_uri#en": "https://portal.example.gov.cn/privacy-en"}
        )
        flow = flow_of(person.authorize(portal, scope="openid email", ui_locales="en"))
        for page in (f"/consent?flow={flow}", f"/login?flow={flow}"):
            text = person.get(page).text
            assert "Test portal" in text
            assert 'href="https://portal.example.gov.cn/privacy-en"' in text


class TestApps:
    PAGE = "/account/apps"

    def test_a_portal_that_only_signs_people_in_can_be_left_too(self, op, portal, person):
        token = op.tokens(portal, person)["access_token"]
        path = f"{self.PAGE}/{portal.client_id}/withdraw"
        assert f'href="{path}"' in person.get(self.PAGE).text
        person.send(path, on=path)
        assert op.userinfo(token).status_code == 401
        assert person.get(path).status_code == 404

    def test_each_thing_has_its_dates_and_the_service_can_be_opened(self, op, person):
        portal = op.portal(initiate_login_uri="https://portal.example.gov.cn/start?lang=zh", purpose="租房提取")
        op.consent(person, portal, "email", claims={"id_number": True})
        page = person.get(self.PAGE).text
        link = "https://portal.example.gov.cn/start?lang=zh&amp;iss=http%3A%2F%2F127.0.0.1%3A8000"
        assert f'href="{link}"' in page
        assert "证件号码" in page
        assert "电子邮箱" in page
        assert page.count("直到您撤回") == 2

    def test_one_item_is_withdrawn_and_the_tokens_end_with_it(self, op, portal, person):
        op.consent(person, portal, "email", "profile", claims={"id_number": True})
        token = op.tokens(portal, person, scope="openid email profile")["access_token"]
        assert op.userinfo(token).status_code == 200
        path = f"{self.PAGE}/{portal.client_id}/withdraw"
        assert "撤回给测试门户的“电子邮箱”" in person.get(f"{path}?item=scope:email").text
        person.send(path, on=f"{path}?item=scope:email", item="scope:email")
        assert op.userinfo(token).status_code == 401
        with reading() as db:
            assert sorted(db.scalars(select(Consent.name))) == ["id_number", "profile"]
            told = db.scalars(select(AuditEntry).where(AuditEntry.act == "consent.withdrawn")).one().details
        assert told["names"] == "email"
        assert person.authorize(portal, scope="openid email").headers["Location"].startswith("/consent?")
        assert "code" in landed(person.authorize(portal, scope="openid profile")).answer

    @pytest.mark.parametrize("item", ["scope:phone", "claim:email", "email", "scope:", "x:y:z"])
    def test_an_item_that_is_not_there_is_not_found(self, op, portal, person, item):
        op.consent(person, portal, "email")
        path = f"{self.PAGE}/{portal.client_id}/withdraw"
        assert person.get(f"{path}?item={item}").status_code == 404
        assert person.send(path, on=path, item=item).status_code == 404
        with reading() as db:
            assert db.scalars(select(Consent.name)).all() == ["email"]


DETAIL = {"type": "urn:test:pickup", "office": "顺德区<b>政务</b>中心"}


class TestDetails:
    """Authorization details (RFC 9396) are shown, and agreed to each time."""

    @pytest.fixture
    def portal(self, op, monkeypatch):
        kind = authorization_detail.DetailType(
            name="urn:test:pickup",
            validate=lambda detail: {"office": detail["office"]},
            shown=lambda detail: authorization_detail.Shown(title="代领证照", lines=[("地点", detail["office"])]),
        )
        monkeypatch.setitem(authorization_detail._installed, kind.name, kind)
        return op.portal(authorization_details_types=[kind.name])

    def asked(self, person, portal, **changes):
        return person.authorize(portal, authorization_details=json.dumps([DETAIL]), **changes)

    def agree(self, person, portal, pkce=None):
        flow = flow_of(self.asked(person, portal, pkce=pkce))
        on = f"/consent?flow={flow}"
        page = person.get(on).text
        assert "代领证照" in page
        assert "顺德区&lt;b&gt;政务&lt;/b&gt;中心" in page
        assert 'name="keep"' not in page, "it is for this time only"
        person.send("/consent", on=on, flow=flow, do="allow")
        return landed(person.get(f"/authorize/resume?flow={flow}")).answer

    def test_they_are_shown_and_agreed_to_each_time(self, op, portal, person):
        pkce = Pkce()
        answer = op.redeem(portal, self.agree(person, portal, pkce)["code"], pkce).json
        assert answer["authorization_details"] == [DETAIL]
        assert "code" in self.agree(person, portal)

    def test_silently_it_is_consent_required(self, portal, person):
        assert landed(self.asked(person, portal, prompt="none")).answer["error"] == "consent_required"

    def test_saying_no_is_access_denied(self, portal, person):
        flow = flow_of(self.asked(person, portal))
        person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="deny")
        assert landed(person.get(f"/authorize/resume?flow={flow}")).answer["error"] == "access_denied"

    def test_one_persons_yes_is_not_anothers(self, op, portal, person):
        flow = flow_of(self.asked(person, portal))
        person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="allow")
        person.account_id = op.person().account_id
        person.sign_in()
        assert person.get(f"/authorize/resume?flow={flow}").headers["Location"] == f"/consent?flow={flow}"
