"""The device grant (RFC 8628): a kiosk gets tokens for whoever typed its code, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.clients.metadata import DEVICE_GRANT
from idp.cross_device import begin, ping
from idp.models.cross_device import CrossDeviceRequest
from idp.models.token import TokenFamily
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.parties import ISSUER

KIOSK = {
    "client_name": "办事大厅自助终端",
    "redirect_uris": [],
    "response_types": [],
    "grant_types": [DEVICE_GRANT, "refresh_token"],
    "token_endpoint_auth_method": "none",
    "scope": "openid profile email offline_access",
}


@pytest.fixture
def kiosk(op):
    return op.portal(**KIOSK)


@pytest.fixture
def person(op):
    return op.person().sign_in()


def start(op, kiosk, **form):
    sent = {"client_id": kiosk.client_id, "scope": "openid profile", **form}
    return op.machine.post("/device_authorization", base_url=ISSUER, data=sent)


def poll(op, kiosk, device_code):
    return op.token(kiosk, grant_type=DEVICE_GRANT, device_code=device_code)


def decide(person, user_code, do="allow", **form):
    page = person.get(f"/device?user_code={user_code}")
    assert page.status_code == 200, page.text
    field = lambda name: page.text.split(f'name="{name}" value="')[1].split('"')[0]  # noqa: E731
    action = page.text.split('action="/approvals/')[1].split('"')[0]
    data = {"csrf_token": field("csrf_token"), "user_code": field("user_code"), "do": do, **form}
    return person.http.post(f"/approvals/{action}", base_url=ISSUER, data=data)


class TestTheWholeWay:
    def test_the_kiosk_waits_and_then_has_tokens_of_the_person(self, op, kiosk, person, frozen_clock):
        person.sign_in()
        begun = start(op, kiosk).json
        assert set(begun) == {
            *("device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"),
        }
        assert begun["verification_uri"] == f"{ISSUER}/device"
        assert begun["expires_in"] == 600
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "authorization_pending"
        assert "已同意" in decide(person, begun["user_code"]).text
        frozen_clock.advance(seconds=5)
        answer = poll(op, kiosk, begun["device_code"])
        assert answer.status_code == 200, answer.text
        claims = op.read(answer.json["id_token"]).claims
        assert claims["aud"] == kiosk.client_id
        assert claims["sid"] == person.session_id
        assert "nonce" not in claims
        assert op.userinfo(answer.json["access_token"]).json["sub"] == claims["sub"]
        assert op.refresh(kiosk, answer.json["refresh_token"]).status_code == 200

    def test_it_needs_no_redirect_uri_and_no_response_type(self, kiosk):
        assert kiosk.redirect_uri is None

    def test_discovery_names_the_endpoint_and_the_grant(self, op):
        found = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
        assert found["device_authorization_endpoint"] == f"{ISSUER}/device_authorization"
        assert DEVICE_GRANT in found["grant_types_supported"]

    @pytest.mark.parametrize("typed", ["{0}", "{0} ", " {1}", "{2}", "{3}"])
    def test_however_the_code_is_typed(self, op, kiosk, person, typed):
        code = start(op, kiosk).json["user_code"]
        forms = (code, code.replace("-", ""), code.lower(), code.replace("-", " - "))
        response = person.get(f"/device?user_code={typed.format(*forms).replace(' ', '%20')}")
        assert code in response.text


class TestRefusals:
    def test_who_is_told_no_gets_access_denied(self, op, kiosk, person):
        begun = start(op, kiosk).json
        assert "已拒绝" in decide(person, begun["user_code"], do="deny").text
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "access_denied"

    def test_who_asks_too_soon_is_slowed_down_each_time_more(self, op, kiosk, frozen_clock):
        code = start(op, kiosk).json["device_code"]
        seen = []
        for seconds in (5, 4, 9, 15):
            frozen_clock.advance(seconds=seconds)
            seen.append(poll(op, kiosk, code).json["error"])
        assert seen == ["authorization_pending", "slow_down", "slow_down", "authorization_pending"]

    def test_after_ten_minutes_it_has_expired_for_both(self, op, kiosk, person, frozen_clock):
        begun = start(op, kiosk).json
        frozen_clock.advance(minutes=10)
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "expired_token"
        assert person.sign_in().get(f"/device?user_code={begun['user_code']}").status_code == 400

    @pytest.mark.parametrize("code", ["", "x", "A" * 43, "' OR 1=1 --"])
    def test_an_unknown_code_is_invalid(self, op, kiosk, code):
        expected = "invalid_grant" if code else "invalid_request"
        assert poll(op, kiosk, code).json["error"] == expected

    def test_another_client_s_code_is_unknown(self, op, kiosk, person):
        begun = start(op, kiosk).json
        decide(person, begun["user_code"])
        other = op.portal(**KIOSK)
        assert poll(op, other, begun["device_code"]).json["error"] == "invalid_grant"
        assert poll(op, kiosk, begun["device_code"]).status_code == 200

    def test_who_is_not_registered_for_it_cannot_begin(self, op):
        portal = op.portal(token_endpoint_auth_method="none")
        assert start(op, portal).json["error"] == "unauthorized_client"

    def test_a_scope_that_is_not_open_is_refused(self, op, kiosk):
        assert start(op, kiosk, scope="certificates").json["error"] == "invalid_scope"

    def test_parameters_in_the_address_are_refused(self, op, kiosk):
        response = op.machine.post(f"/device_authorization?client_id={kiosk.client_id}", base_url=ISSUER)
        assert response.json["error"] == "invalid_request"

    def test_one_address_begins_only_so_many(self, op, kiosk):
        answers = [start(op, kiosk).status_code for _ in range(31)]
        assert answers[:30] == [200] * 30
        assert answers[30] == 429

    def test_codes_cannot_be_tried_out(self, person):
        answers = [person.get(f"/device?user_code=BBBB-BBB{letter}").status_code for letter in begin.LETTERS[:11]]
        assert answers == [400] * 10 + [429]

    def test_after_too_many_guesses_the_right_one_opens_nothing(self, op, kiosk, person, frozen_clock):
        """Else nothing would be limited but the news of having failed."""
        person.sign_in()
        for n in range(10):
            assert person.get(f"/device?user_code=BCDF-GHJ{begin.LETTERS[n]}").status_code == 400
        code = start(op, kiosk).json["user_code"]
        assert person.get(f"/device?user_code={code}").status_code == 429
        assert op.person().sign_in().get(f"/device?user_code={code}").status_code == 200, "somebody else is stopped too"
        frozen_clock.advance(minutes=16)
        person.sign_in()
        assert person.get(f"/device?user_code={start(op, kiosk).json['user_code']}").status_code == 200


class TestOnce:
    def test_a_second_redemption_ends_what_the_first_gave(self, op, kiosk, person):
        begun = start(op, kiosk).json
        decide(person, begun["user_code"])
        answer = poll(op, kiosk, begun["device_code"]).json
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "invalid_grant"
        assert op.userinfo(answer["access_token"]).status_code == 401
        assert op.refresh(kiosk, answer["refresh_token"]).json["error"] == "invalid_grant"
        with reading() as db:
            assert db.scalars(select(AuditEntry.act).where(AuditEntry.act == "token.device_replay")).all()

    def test_of_many_polls_at_once_one_wins(self, op, kiosk, person):
        begun = start(op, kiosk).json
        decide(person, begun["user_code"])
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: poll(op, kiosk, begun["device_code"]).status_code, range(12)))
        assert sorted(answers).count(200) == 1

    def test_a_request_is_decided_once(self, op, kiosk, person):
        begun = start(op, kiosk).json
        page = person.get(f"/device?user_code={begun['user_code']}").text
        action = page.split('action="/approvals/')[1].split('"')[0]
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        form = {"csrf_token": token, "user_code": begun["user_code"]}
        person.http.post(f"/approvals/{action}", base_url=ISSUER, data=form | {"do": "deny"})
        again = person.http.post(f"/approvals/{action}", base_url=ISSUER, data=form | {"do": "allow"})
        assert again.status_code == 303
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "access_denied"

    def test_knowing_the_request_s_id_without_its_code_decides_nothing(self, op, kiosk, person):
        begun = start(op, kiosk).json
        with reading() as db:
            request_id = db.scalars(select(CrossDeviceRequest.id)).one()
        token = person.get("/device").text.split('name="csrf_token" value="')[1].split('"')[0]
        for code in ("", "BBBB-BBBB"):
            form = {"csrf_token": token, "user_code": code, "do": "allow"}
            assert person.http.post(f"/approvals/{request_id}", base_url=ISSUER, data=form).status_code == 303
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "authorization_pending"


class TestWhatWasAgreed:
    def test_only_what_was_ticked_is_handed_over(self, op, kiosk, person):
        begun = start(op, kiosk, scope="openid profile email").json
        decide(person, begun["user_code"])
        assert set(poll(op, kiosk, begun["device_code"]).json["scope"].split()) == {"openid", "profile"}
        begun = start(op, kiosk, scope="openid profile email").json
        decide(person, begun["user_code"], scope="email")
        assert set(poll(op, kiosk, begun["device_code"]).json["scope"].split()) == {"openid", "profile", "email"}

    def test_signing_out_before_the_poll_leaves_nothing(self, op, kiosk, person):
        from idp import login_sessions

        begun = start(op, kiosk).json
        decide(person, begun["user_code"])
        with transaction() as db:
            login_sessions.end(db, person.account_id, session_id=person.session_id)
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "invalid_grant"
        with reading() as db:
            assert db.scalars(select(TokenFamily)).all() == []

    def test_what_was_taken_back_before_the_poll_is_not_given(self, op, kiosk, person):
        from idp.consent import decide as consent

        begun = start(op, kiosk, scope="profile").json
        decide(person, begun["user_code"])
        with transaction() as db:
            consent.withdraw(db, client_id=kiosk.client_id, account_id=person.account_id)
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "access_denied"

    def test_requests_are_forgotten_when_they_are_over(self, op, kiosk, frozen_clock):
        start(op, kiosk)
        frozen_clock.advance(begin.LIFE + ping.KEPT + timedelta(seconds=1))
        ping.sweep()
        with reading() as db:
            assert db.scalars(select(CrossDeviceRequest)).all() == []


class TestFromAnotherNetwork:
    """Somebody sends a device's code around to be signed in by others (cross-device phishing)."""

    @pytest.fixture
    def begun(self, op, kiosk):
        sent = {"client_id": kiosk.client_id, "scope": "openid"}
        far = {"REMOTE_ADDR": "203.0.113.9"}
        return op.machine.post("/device_authorization", base_url=ISSUER, data=sent, environ_base=far).json

    def test_the_page_warns_and_asks_whether_the_device_is_here(self, op, kiosk, person, begun):
        page = person.get(f"/device?user_code={begun['user_code']}").text
        assert "不在同一个网络" in page
        assert 'name="here"' in page
        refused = decide(person, begun["user_code"])
        assert refused.status_code == 400
        assert 'href="#here"' in refused.text
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "authorization_pending"

    def test_who_says_that_it_is_here_goes_on(self, op, kiosk, person, begun):
        assert decide(person, begun["user_code"], here="yes").status_code == 200
        assert poll(op, kiosk, begun["device_code"]).status_code == 200

    def test_to_say_no_nothing_more_is_needed(self, op, kiosk, person, begun):
        assert decide(person, begun["user_code"], do="deny").status_code == 200
        assert poll(op, kiosk, begun["device_code"]).json["error"] == "access_denied"

    def test_in_the_same_network_nothing_is_asked(self, op, kiosk, person):
        assert "不在同一个网络" not in person.get(f"/device?user_code={start(op, kiosk).json['user_code']}").text
