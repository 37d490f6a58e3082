"""Tokens made for an interface (RFC 8707), and what our own interfaces make of them (RFC 9068 §4)."""

import pytest

from idp import resource
from idp.clients import change, registered
from idp.models.client import Client
from kernel.db import transaction
from kernel.machine import Request
from tests.protocol.parties import ISSUER, Pkce, landed
from tests.protocol.test_code_redemption import refused

API, OTHER = "https://b.example.gov.cn/api", "https://b.example.gov.cn/more"
FEEDS, REUSE, USERINFO = (f"{ISSUER}{path}" for path in ("/feeds/v1", "/reuse/v1", "/userinfo"))


@pytest.fixture
def target(op):
    return op.portal(resource_uris=[API, OTHER])


@pytest.fixture
def machine(op, target):
    return op.machine_client("feeds:case", "materials")


@pytest.fixture
def portal(op, target):
    return op.portal()


@pytest.fixture
def person(op):
    return op.person().sign_in()


def machine_token(op, machine, *resources):
    return op.machine.post(
        "/token",
        base_url=ISSUER,
        headers=machine.basic,
        data={"grant_type": "client_credentials", "resource": list(resources)},
    )


def audience(op, answer):
    assert answer.status_code == 200, answer.text
    return op.read(answer.json["access_token"]).claims["aud"]


class TestAsked:
    def test_nothing_asked_is_all_our_own(self, op, machine):
        assert audience(op, machine_token(op, machine)) == ISSUER

    @pytest.mark.parametrize("one", [ISSUER, FEEDS, REUSE, API], ids=["issuer", "feeds", "reuse", "clients"])
    def test_one(self, op, machine, one):
        assert audience(op, machine_token(op, machine, one)) == one

    def test_several_as_repeated_parameters_each_once(self, op, machine):
        assert audience(op, machine_token(op, machine, API, FEEDS, API)) == [API, FEEDS]

    @pytest.mark.parametrize(
        "wrong",
        [
            "https://nobody.example/api", f"{API}/", API.upper(), f"{API}?a=1", f"{ISSUER}/", f"{ISSUER}/feeds",
            f"{FEEDS}/case", "api", "/api", "https://b.example.gov.cn/api#x", "#", "https://[", "x" * 401,
            "https://b.example.gov.cn/\u4e2d", "javascript:alert(1)",
        ],
        ids=["nobodys", "slash", "case", "query", "issuer-slash", "half-a-path", "below", "relative", "path",
             "fragment", "hash", "bracket", "long", "chinese", "script"],
    )  # fmt: skip
    def test_what_is_no_interface_is_an_invalid_target(self, op, machine, wrong):
        refused(machine_token(op, machine, wrong), "invalid_target")
        refused(machine_token(op, machine, API, wrong), "invalid_target")

    def test_more_than_ten_are_refused(self, op, machine):
        many = [f"https://x{n}.example/" for n in range(11)]
        refused(machine_token(op, machine, *many), "invalid_target")

    def test_that_of_a_disabled_client_is_no_interface_any_more(self, op, machine, target):
        assert audience(op, machine_token(op, machine, API)) == API
        with transaction() as db:
            change.disable(db, target.client_id)
        refused(machine_token(op, machine, API), "invalid_target")

    def test_who_asks_for_what_nobody_has_costs_no_read(self, op, machine):
        from tests.protocol.parties import statements

        machine_token(op, machine, API)
        with statements() as (sent, _):
            for n in range(5):
                refused(machine_token(op, machine, f"https://x{n}.example/"), "invalid_target")
        assert sent == []


class TestOfAPerson:
    def granted(self, op, portal, person, *resources):
        """A code for these interfaces."""
        pkce = Pkce()
        return person.code(portal, pkce, scope="openid materials", resource=list(resources) or None), pkce

    @pytest.mark.parametrize("wrong", ["https://nobody.example/api", "x"], ids=["nobodys", "relative"])
    def test_what_is_no_interface_is_told_to_the_portal(self, op, portal, person, wrong):
        answer = landed(person.authorize(portal, resource=[API, wrong])).answer
        assert answer["error"] == "invalid_target"
        assert "code" not in answer

    def test_the_token_is_for_what_was_granted(self, op, portal, person):
        code, pkce = self.granted(op, portal, person, API, REUSE)
        assert audience(op, op.redeem(portal, code, pkce)) == [API, REUSE]

    def test_a_token_request_can_ask_for_less_and_the_next_one_for_the_rest(self, op, portal, person):
        code, pkce = self.granted(op, portal, person, API, REUSE)
        first = op.redeem(portal, code, pkce, resource=API)
        assert audience(op, first) == API
        second = op.refresh(portal, first.json["refresh_token"], resource=REUSE)
        assert audience(op, second) == REUSE
        assert audience(op, op.refresh(portal, second.json["refresh_token"])) == [API, REUSE]

    def test_for_what_was_not_granted_no_token_and_nothing_is_spent(self, op, portal, person):
        code, pkce = self.granted(op, portal, person, API)
        refused(op.redeem(portal, code, pkce, resource=OTHER), "invalid_target")
        refused(op.redeem(portal, code, pkce, resource=ISSUER), "invalid_target")
        first = op.redeem(portal, code, pkce)
        assert first.status_code == 200
        refused(op.refresh(portal, first.json["refresh_token"], resource=OTHER), "invalid_target")
        assert op.refresh(portal, first.json["refresh_token"]).status_code == 200

    def test_of_a_grant_without_interfaces_only_our_own_can_be_had(self, op, portal, person):
        code, pkce = self.granted(op, portal, person)
        refused(op.redeem(portal, code, pkce, resource=API), "invalid_target")
        assert audience(op, op.redeem(portal, code, pkce, resource=REUSE)) == REUSE


class TestAtOurOwnInterfaces:
    @pytest.mark.parametrize(
        ("asked", "status"),
        [((), 403), ((ISSUER,), 403), ((FEEDS,), 403), ((API, FEEDS), 403), ((REUSE,), 401), ((API,), 401)],
        ids=["none", "issuer", "this", "this-too", "another-of-ours", "another"],
    )
    def test_only_a_token_made_for_it_or_for_us_is_taken(self, op, machine, asked, status):
        token = machine_token(op, machine, *asked).json["access_token"]
        answer = op.machine.post(
            "/feeds/v1/case", base_url=ISSUER, headers={"Authorization": f"Bearer {token}"}, json=[]
        )
        assert answer.status_code == status, answer.text  # 403: good, but of no department
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)

    def test_userinfo(self, op, portal, person):
        for asked, status in ((None, 200), (USERINFO, 200), (REUSE, 401)):
            pkce = Pkce()
            more = {} if asked is None else {"resource": asked}
            answer = op.redeem(portal, person.code(portal, pkce), pkce, **more)
            assert op.userinfo(answer.json["access_token"]).status_code == status

    def test_the_interface_is_found_by_whole_parts_of_the_path(self, app):
        assert resource.accepted_at("/feeds/v1/case") == (ISSUER, FEEDS)
        assert resource.accepted_at("/feeds/v1") == (ISSUER, FEEDS)
        assert resource.accepted_at("/feeds/v10") == (ISSUER,)
        assert resource.accepted_at("/userinfo") == (ISSUER, USERINFO)
        assert resource.accepted_at("/") == (ISSUER,)


class TestStepUp:
    """RFC 9470: an interface may ask for a higher or a more recent sign-in."""

    def ask(self, token, **wanted):
        from idp.bearer import BearerRefused, bearer

        request = Request(
            {"REQUEST_METHOD": "GET", "PATH_INFO": "/reuse/v1/x", "HTTP_AUTHORIZATION": f"Bearer {token}"}
        )
        try:
            return bearer(request, scope="materials", **wanted)
        except BearerRefused as refusal:
            return refusal

    def challenged(self, refusal, *members):
        assert (refusal.status, refusal.code) == (401, "insufficient_user_authentication")
        challenge = dict(refusal.headers)["WWW-Authenticate"]
        for member in ('error="insufficient_user_authentication"', *members):
            assert member in challenge
        assert f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource/reuse/v1"' in challenge

    def test_the_level_of_the_sign_in(self, op, portal):
        person = op.person(level=4).sign_in(level=3)
        token = op.tokens(portal, person, scope="openid materials")["access_token"]
        assert self.ask(token, acr="3").account_id == person.account_id
        self.challenged(self.ask(token, acr="4"), 'acr_values="4"')

    def test_a_level_that_fell_since_is_too_low_now(self, op, portal):
        from sqlalchemy import update

        from idp.models.account import Account
        from idp.tokens import families

        person = op.person(level=3).sign_in(level=3)
        token = op.tokens(portal, person, scope="openid materials")["access_token"]
        assert self.ask(token, acr="3").account_id
        with transaction() as db:
            db.execute(update(Account).values(level=2))
        families.forget()
        self.challenged(self.ask(token, acr="3"))

    def test_the_age_of_the_sign_in(self, op, portal, frozen_clock):
        token = op.tokens(portal, op.person().sign_in(), scope="openid materials")["access_token"]
        frozen_clock.advance(seconds=300)
        assert self.ask(token, max_age=300).account_id
        frozen_clock.advance(seconds=1)
        self.challenged(self.ask(token, max_age=300, acr="3"), 'max_age="300"', 'acr_values="3"')

    def test_a_machine_has_not_signed_in(self, op, machine):
        token = machine_token(op, machine).json["access_token"]
        assert self.ask(token).account_id is None
        self.challenged(self.ask(token, acr="2"))


def test_a_client_that_lost_an_interface_elsewhere_is_forgotten_with_the_next_change(op, target):
    from sqlalchemy import update

    assert resource.known(API)
    with transaction() as db:
        db.execute(update(Client).where(Client.id == target.client_id).values(registered={}))
    registered.forget(target.client_id)
    assert not resource.known(API)
