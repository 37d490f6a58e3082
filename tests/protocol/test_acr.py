"""acr: a wish in ``acr_values``, a condition in ``claims`` where it is essential (OpenID Connect Core §5.5.1.1)."""

import json

import pytest

from idp.models.link import Link
from kernel import clock
from kernel.db import transaction
from tests.flows.authenticator import enrolled
from tests.protocol.parties import flow_of, landed

UNMET = "unmet_authentication_requirements"


@pytest.fixture
def portal(op):
    return op.portal()


@pytest.fixture
def person(op):
    """At home with a password: level two, of an account that is worth four."""
    return op.person(level=4).sign_in()


def essential(*values):
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)}}})


def with_app(person):
    enrolled(person.account_id)
    return person


def acr_of(op, portal, person, **changes):
    return op.read(op.tokens(portal, person, **changes)["id_token"]).claims["acr"]


def level_asked(response):
    address = response.headers["Location"]
    assert address.startswith("/login/step-up?flow="), address
    return address.rpartition("level=")[2]


def error_of(response):
    answer = landed(response).answer
    assert "code" not in answer
    return answer["error"]


class TestVoluntary:
    def test_what_was_reached_is_told(self, op, portal, person):
        assert acr_of(op, portal, person) == "2"
        person.sign_in(level=4)
        assert acr_of(op, portal, person) == "4"

    def test_a_sign_in_is_never_worth_more_than_its_account(self, op, portal):
        assert acr_of(op, portal, op.person(level=3).sign_in(level=4), acr_values="4 3") == "3"

    def test_the_highest_of_the_listed_levels_that_was_reached_is_told(self, op, portal, person):
        person.sign_in(level=4)
        assert acr_of(op, portal, person, acr_values="2 3") == "3"
        assert acr_of(op, portal, person, acr_values="5") == "4"

    @pytest.mark.parametrize("values", ["urn:mace:incommon:iap:silver", "0 1 9", "3.0 ３", "phr"])
    def test_values_that_are_no_levels_are_passed_over(self, op, portal, person, values):
        assert acr_of(op, portal, person, acr_values=values) == "2"

    def test_who_has_no_way_to_it_is_not_asked(self, op, portal, person):
        assert acr_of(op, portal, person, acr_values="3 4") == "2"

    def test_who_has_a_way_is_asked_once_and_goes_on_without(self, op, portal, person):
        with_app(person)
        response = person.authorize(portal, acr_values="3")
        assert level_asked(response) == "3"
        flow = flow_of(response)
        on = f"/login/step-up?flow={flow}&level=3"
        assert person.send("/login/step-up", on=on, flow=flow, level="3", do="decline").status_code == 303
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow}")).answer

    def test_saying_no_at_the_consent_afterwards_is_still_a_no(self, op, portal, person):
        with_app(person)
        flow = flow_of(person.authorize(portal, acr_values="3", scope="openid email"))
        person.send("/login/step-up", on=f"/login/step-up?flow={flow}", flow=flow, do="decline")
        assert person.get(f"/authorize/resume?flow={flow}").headers["Location"] == f"/consent?flow={flow}"
        person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="deny")
        assert error_of(person.get(f"/authorize/resume?flow={flow}")) == "access_denied"

    def test_a_level_only_a_citys_sign_in_reaches_is_asked_for_there(self, op, portal, person):
        with transaction() as db:
            db.add(Link(account_id=person.account_id, source_id="s", upstream_id="u", level=4))
        assert level_asked(person.authorize(portal, acr_values="4")) == "4"

    def test_the_first_level_liked_goes_before_one_that_is_reached(self, op, portal, person):
        with_app(person)
        assert level_asked(person.authorize(portal, acr_values="3 2")) == "3"
        assert acr_of(op, portal, person, acr_values="2 3") == "2"

    def test_nobody_is_asked_with_prompt_none(self, op, portal, person):
        with_app(person)
        assert acr_of(op, portal, person, acr_values="3", prompt="none") == "2"

    def test_the_clients_default_holds_where_the_request_says_nothing(self, op, person):
        with_app(person)
        portal = op.portal(default_acr_values=["3"])
        assert level_asked(person.authorize(portal)) == "3"
        assert acr_of(op, portal, person, acr_values="2") == "2"


class TestEssential:
    def test_reached_it_is_told(self, op, portal, person):
        person.sign_in(level=3, amr=("otp", "pwd", "mfa"))
        assert acr_of(op, portal, person, claims=essential("3")) == "3"

    def test_a_single_value_counts_as_a_list_of_one(self, op, portal, person):
        one = json.dumps({"id_token": {"acr": {"essential": True, "value": "2"}}})
        assert acr_of(op, portal, person.sign_in(level=4), claims=one) == "2"

    def test_asked_for_until_it_is_reached(self, op, portal, person):
        with_app(person)
        response = person.authorize(portal, claims=essential("3"))
        assert level_asked(response) == "3"
        flow = flow_of(response)
        assert level_asked(person.get(f"/authorize/resume?flow={flow}")) == "3"
        person.sign_in(level=3, amr=("mfa", "otp", "pwd"))
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow}")).answer

    def test_declined_the_client_is_told_that_it_is_unmet(self, op, portal, person):
        with_app(person)
        flow = flow_of(person.authorize(portal, claims=essential("3")))
        person.send("/login/step-up", on=f"/login/step-up?flow={flow}&level=3", flow=flow, level="3", do="decline")
        answer = landed(person.get(f"/authorize/resume?flow={flow}")).answer
        assert (answer["error"], answer["state"]) == (UNMET, "st&ate=1")
        assert "code" not in answer

    def test_who_cannot_reach_it_sees_the_page_that_says_so(self, op, portal, person):
        response = person.authorize(portal, claims=essential("5"))
        assert level_asked(response) == "5"
        assert "达不到要求的安全等级" in person.get(response.headers["Location"]).text

    @pytest.mark.parametrize("value", ["urn:x", "1", "6"])
    def test_a_level_that_does_not_exist_is_unmet_without_a_page(self, op, portal, person, value):
        assert error_of(person.authorize(portal, claims=essential(value))) == UNMET

    def test_prompt_none_tells_whether_asking_would_have_helped(self, op, portal, person):
        assert error_of(person.authorize(portal, prompt="none", claims=essential("5"))) == UNMET
        with_app(person)
        assert error_of(person.authorize(portal, prompt="none", claims=essential("3"))) == "login_required"

    def test_essential_goes_before_acr_values(self, op, portal, person):
        with_app(person)
        assert level_asked(person.authorize(portal, claims=essential("3"), acr_values="2")) == "3"

    def test_essential_without_values_is_met_by_any(self, op, portal, person):
        any_level = json.dumps({"id_token": {"acr": {"essential": True}, "auth_time": {"essential": True}}})
        assert acr_of(op, portal, person, claims=any_level) == "2"

    def test_values_that_are_not_essential_are_a_wish(self, op, portal, person):
        wish = json.dumps({"id_token": {"acr": {"values": ["3"]}}})
        assert acr_of(op, portal, person, claims=wish) == "2"


def test_auth_time_is_in_every_id_token(op, person, frozen_clock):
    at = int(clock.now().timestamp())
    person.sign_in()
    for portal in (op.portal(), op.portal(require_auth_time=True)):
        assert op.read(op.tokens(portal, person)["id_token"]).claims["auth_time"] == at
