"""prompt, max_age and id_token_hint: OpenID Connect Core §3.1.2.1, §3.1.2.6."""

import pytest

from tests.protocol.parties import flow_of, landed


@pytest.fixture
def portal(op, frozen_clock):
    return op.portal()


@pytest.fixture
def person(op, portal):
    return op.person().sign_in()


def error_of(response):
    answer = landed(response).answer
    assert "code" not in answer
    assert answer["state"] == "st&ate=1"
    return answer["error"]


class TestNone:
    def test_not_signed_in_it_is_login_required(self, op, portal):
        assert error_of(op.visitor().authorize(portal, prompt="none")) == "login_required"

    def test_without_consent_it_is_consent_required(self, portal, person):
        assert error_of(person.authorize(portal, prompt="none", scope="openid email")) == "consent_required"

    def test_signed_in_it_is_answered_without_a_page(self, op, portal, person):
        op.consent(person, portal, "email")
        assert "code" in landed(person.authorize(portal, prompt="none", scope="openid email")).answer

    def test_older_than_max_age_it_is_login_required(self, portal, person, frozen_clock):
        frozen_clock.advance(minutes=2)
        assert error_of(person.authorize(portal, prompt="none", max_age="60")) == "login_required"


class TestLogin:
    @pytest.mark.parametrize("prompt", ["login", "login consent", "create", "create login"])
    def test_a_signed_in_person_signs_in_again_and_auth_time_moves(self, op, portal, person, frozen_clock, prompt):
        frozen_clock.advance(minutes=5)
        response = person.authorize(portal, prompt=prompt)
        flow = flow_of(response)
        assert response.headers["Location"].startswith("/login?")
        assert person.get(f"/authorize/resume?flow={flow}").headers["Location"].startswith("/login?")
        frozen_clock.advance(seconds=3)
        person.sign_in()
        response = person.get(f"/authorize/resume?flow={flow}")
        assert "code" in landed(response).answer

    def test_consent_is_asked_again_with_prompt_consent(self, op, portal, person, frozen_clock):
        op.consent(person, portal, "email")
        frozen_clock.advance(seconds=1)
        response = person.authorize(portal, prompt="consent", scope="openid email")
        assert response.headers["Location"].startswith("/consent?flow=")
        op.consent(person, portal, "email")
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow_of(response)}")).answer


class TestMaxAge:
    def test_a_sign_in_that_is_too_old_is_repeated_and_auth_time_is_the_new_one(self, op, portal, person, frozen_clock):
        first = op.read(op.tokens(portal, person)["id_token"]).claims["auth_time"]
        frozen_clock.advance(seconds=2)
        response = person.authorize(portal, max_age="1")
        assert response.headers["Location"].startswith("/login?")
        person.sign_in()
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow_of(response)}")).answer
        second = op.read(op.tokens(portal, person)["id_token"]).claims["auth_time"]
        assert second == first + 2

    def test_zero_always_asks_and_is_content_with_a_sign_in_since_the_request(self, portal, person, frozen_clock):
        frozen_clock.advance(seconds=1)
        response = person.authorize(portal, max_age="0")
        assert response.headers["Location"].startswith("/login?")
        person.sign_in()
        frozen_clock.advance(seconds=30)
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow_of(response)}")).answer

    def test_ten_thousand_seconds_do_not_ask_and_auth_time_stays(self, op, portal, person, frozen_clock):
        seen = []
        for _ in range(2):
            seen.append(op.read(op.tokens(portal, person, max_age="10000")["id_token"]).claims["auth_time"])
            frozen_clock.advance(minutes=5)
        assert seen[0] == seen[1]

    def test_the_default_max_age_of_the_client_holds(self, op, person, frozen_clock):
        portal = op.portal(default_max_age=60)
        frozen_clock.advance(minutes=2)
        assert person.authorize(portal).headers["Location"].startswith("/login?")
        assert "code" in landed(person.authorize(portal, max_age="600")).answer


class TestHint:
    def test_the_hinted_person_is_answered_at_once_with_the_same_sub(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        answer = op.tokens(portal, person, prompt="none", id_token_hint=hint)
        assert op.read(answer["id_token"]).claims["sub"] == op.read(hint).claims["sub"]

    def test_an_expired_hint_is_still_a_hint(self, op, portal, person, frozen_clock):
        hint = op.tokens(portal, person)["id_token"]
        frozen_clock.advance(hours=3)
        person.sign_in()
        assert "code" in landed(person.authorize(portal, prompt="none", id_token_hint=hint)).answer

    def test_another_person_is_login_required(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        other = op.person().sign_in()
        assert error_of(other.authorize(portal, prompt="none", id_token_hint=hint)) == "login_required"
        assert error_of(other.authorize(portal, id_token_hint=hint)) == "login_required"

    def test_a_hint_for_another_client_and_an_access_token_are_refused(self, op, portal, person):
        answer = op.tokens(portal, person)
        assert error_of(person.authorize(op.portal(), id_token_hint=answer["id_token"])) == "invalid_request"
        assert error_of(person.authorize(portal, id_token_hint=answer["access_token"])) == "invalid_request"
