"""Pushed authorization requests: RFC 9126, RFC 9449 §10.1, FAPI 2.0 Security Profile §5.3.2.2."""

from dataclasses import replace

import pytest

from idp.clients import change
from idp.settings import PushedRequestSettings
from kernel import settings
from kernel.db import transaction
from tests.protocol.client_keys import Prover, key_client, new_key
from tests.protocol.parties import CALLBACK, ISSUER, Pkce, flow_of, landed
from tests.protocol.pushing import HANDLE, open_handle, parameters, push, pushed
from tests.protocol.test_authorize_errors import TOLD
from tests.protocol.test_redirect_uri import MUTATIONS, REGISTERED


def a_page(response):
    assert response.status_code == 400, (response.status_code, response.headers.get("Location"))
    assert "Location" not in response.headers
    assert response.mimetype == "text/html"
    return True


def refused(response, error, status=400):
    assert response.status_code == status, response.text
    assert response.json["error"] == error, response.json
    assert response.json["error_description"].isascii()
    assert response.json["error_uri"] == f"{ISSUER}/developers/errors#{error}"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Location" not in response.headers
    assert "state" not in response.json
    return True


class TestPush:
    def test_a_request_is_kept_and_its_handle_leads_to_a_code(self, op):
        portal, person, pkce = op.portal(), op.person().sign_in(), Pkce()
        response = push(op, portal, parameters(portal, pkce))
        assert response.status_code == 201
        assert response.json["request_uri"].startswith(HANDLE)
        assert len(response.json["request_uri"].removeprefix(HANDLE)) == 43
        assert response.json["expires_in"] == 90
        assert response.headers["Cache-Control"] == "no-store"
        place = landed(open_handle(person, portal, response.json["request_uri"]))
        assert place.address.startswith(CALLBACK + "&code=")
        assert place.answer["state"] == "st&ate=1"
        assert place.answer["iss"] == ISSUER
        answer = op.redeem(portal, place.answer["code"], pkce)
        assert op.read(answer.json["id_token"]).claims["nonce"] == "n-1"

    def test_the_client_proves_who_it_is(self, op):
        portal, other = op.portal(), op.portal()
        wrong = replace(portal, secret="x")
        assert refused(push(op, wrong, parameters(portal)), "invalid_client", status=401)
        assert refused(push(op, portal, parameters(other)), "invalid_request")

    def test_a_client_with_a_key_pushes_by_an_assertion_that_is_not_kept_with_the_request(self, op):
        client = key_client(op, grant_types=["authorization_code"], redirect_uris=[CALLBACK], scope="openid profile")
        form = parameters(client.portal, client_id=None)
        response = op.machine.post("/par", base_url=ISSUER, data=form | client.form())
        assert response.status_code == 201, response.text
        place = landed(open_handle(op.person().sign_in(), client.portal, response.json["request_uri"]))
        assert "code" in place.answer

    def test_a_public_client_pushes_by_its_name(self, op):
        portal = op.portal(token_endpoint_auth_method="none", grant_types=["authorization_code"])
        assert HANDLE in pushed(op, portal)
        assert refused(push(op, portal, parameters(portal, code_challenge=None)), "invalid_request")

    def test_every_fault_is_told_to_the_client_itself(self, op):
        portal = op.portal()
        for changes, error in TOLD:
            repeats = [name for name, value in changes.items() if isinstance(value, list)]
            if "request_uri" in changes or "\r" in str(changes):
                continue
            response = push(op, portal, parameters(portal, **changes))
            assert refused(response, "invalid_request" if repeats else error), changes

    def test_no_mutation_of_the_registered_uri_is_taken(self, op):
        portal = op.portal(redirect_uris=[REGISTERED])
        assert pushed(op, portal)
        for uri in [*MUTATIONS, None, ""]:
            assert refused(push(op, portal, parameters(portal, redirect_uri=uri)), "invalid_request"), uri

    def test_a_handle_cannot_be_pushed(self, op):
        portal = op.portal()
        uri = pushed(op, portal)
        assert refused(push(op, portal, parameters(portal, request_uri=uri)), "invalid_request")
        assert refused(push(op, portal, {"client_id": portal.client_id, "request_uri": uri}), "invalid_request")

    def test_parameters_in_the_address_and_other_methods_are_refused(self, op):
        portal = op.portal()
        in_address = op.machine.post(
            "/par?scope=openid", base_url=ISSUER, data=parameters(portal), headers=portal.basic
        )
        assert refused(in_address, "invalid_request")
        assert op.machine.get("/par", base_url=ISSUER).status_code == 405

    def test_a_request_larger_than_any_honest_one_is_refused(self, op):
        portal = op.portal()
        assert refused(push(op, portal, parameters(portal, state="x" * 6001)), "invalid_request")
        assert refused(push(op, portal, parameters(portal) | {f"p{n}": "1" for n in range(60)}), "invalid_request")
        assert push(op, portal, parameters(portal, state="x" * 70_000)).status_code == 413


class TestHandle:
    def test_it_may_be_opened_again_until_it_is_answered_and_not_after(self, op):
        portal, person = op.portal(), op.person()
        uri = pushed(op, portal)
        first, second = (open_handle(person, portal, uri) for _ in range(2))
        assert first.headers["Location"].startswith("/login?flow=")
        person.sign_in()
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow_of(first)}")).answer
        assert a_page(open_handle(person, portal, uri))
        assert a_page(person.get(f"/authorize/resume?flow={flow_of(second)}"))

    def test_a_login_that_takes_longer_than_the_handle_lives_goes_on(self, op, frozen_clock):
        portal, person = op.portal(), op.person()
        flow = flow_of(open_handle(person, portal, pushed(op, portal)))
        frozen_clock.advance(minutes=20)
        person.sign_in()
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow}")).answer

    def test_it_ends_after_its_time(self, op, frozen_clock):
        portal, person = op.portal(), op.person().sign_in()
        uri = pushed(op, portal)
        frozen_clock.advance(seconds=91)
        assert a_page(open_handle(person, portal, uri))

    def test_a_refusal_is_an_answer_too(self, op):
        portal, visitor = op.portal(), op.visitor()
        uri = pushed(op, portal, prompt="none")
        assert landed(open_handle(visitor, portal, uri)).answer["error"] == "login_required"
        assert a_page(open_handle(visitor, portal, uri))

    def test_another_client_cannot_open_it(self, op):
        portal, other, person = op.portal(), op.portal(), op.person().sign_in()
        uri = pushed(op, portal)
        assert a_page(open_handle(person, other, uri))
        assert a_page(person.get(f"/authorize?request_uri={uri}"))
        assert "code" in landed(open_handle(person, portal, uri)).answer

    @pytest.mark.parametrize("made_up", ["", "x", "a" * 43, "a" * 44, "../x", "%00", "é", "a" * 3000])
    def test_a_made_up_one_is_a_page(self, op, made_up):
        assert a_page(open_handle(op.person().sign_in(), op.portal(), HANDLE + made_up))

    def test_nothing_beside_it_counts(self, op):
        portal, person = op.portal(), op.person().sign_in()
        place = landed(
            open_handle(
                person,
                portal,
                pushed(op, portal, state=None),
                redirect_uri="https://evil.example/cb",
                state="injected",
                response_mode="form_post",
                scope="nonsense",
            )
        )
        assert place.address.startswith(CALLBACK + "&code=")
        assert "state" not in place.answer

    def test_a_request_object_beside_it_is_refused(self, op):
        portal, person = op.portal(), op.person().sign_in()
        assert a_page(open_handle(person, portal, pushed(op, portal), request="e30.e30.e30"))

    def test_it_goes_by_post_too(self, op):
        portal, person = op.portal(), op.person().sign_in()
        uri = pushed(op, portal)
        response = person.authorize(portal, method="POST", request_uri=uri)
        assert "code" in landed(person.get(response.headers["Location"])).answer

    def test_a_redirect_uri_that_is_withdrawn_meanwhile_gets_nothing(self, op):
        portal, person = op.portal(), op.person().sign_in()
        uri = pushed(op, portal)
        with transaction() as db:
            change.disable(db, portal.client_id)
        assert a_page(open_handle(person, portal, uri))

    def test_prompt_login_is_measured_from_the_visit(self, op, frozen_clock):
        portal, person = op.portal(), op.person()
        uri = pushed(op, portal, prompt="login")
        frozen_clock.advance(seconds=5)
        person.sign_in()
        frozen_clock.advance(seconds=5)
        assert open_handle(person, portal, uri).headers["Location"].startswith("/login?flow=")


class TestRequired:
    def test_who_registered_it_sends_nothing_through_the_browser(self, op):
        portal = op.portal(require_pushed_authorization_requests=True)
        person = op.person().sign_in()
        place = landed(person.authorize(portal))
        assert place.answer["error"] == "invalid_request"
        assert "/par" in place.answer["error_description"]
        assert landed(person.authorize(portal, scope="nonsense")).answer["error"] == "invalid_request"
        assert "code" in landed(open_handle(person, portal, pushed(op, portal))).answer

    @pytest.mark.parametrize("seconds", ["4", "600"])
    def test_a_life_that_is_no_good_stops_the_start(self, seconds):
        with pytest.raises(settings.SettingsError):
            settings.load(PushedRequestSettings, environ={"PUSHED_REQUEST_SECONDS": seconds})


class TestKey:
    """The code is bound to a key: RFC 9449 §10."""

    @pytest.fixture
    def portal(self, op):
        return op.portal(token_endpoint_auth_method="none", grant_types=["authorization_code"])

    def code_by(self, op, portal, pkce, form, headers):
        response = push(op, portal, parameters(portal, pkce, **form), headers)
        assert response.status_code == 201, response.text
        place = landed(open_handle(op.person().sign_in(), portal, response.json["request_uri"]))
        return place.answer["code"]

    def redeem(self, op, portal, code, pkce, headers):
        form = {"grant_type": "authorization_code", "redirect_uri": portal.redirect_uri, "client_id": portal.client_id}
        return op.token(headers=headers, code=code, code_verifier=pkce.verifier, **form)

    def test_a_proof_at_par_binds_the_code_to_its_key(self, op, portal):
        pkce, mine, other = Pkce(), Prover(), Prover(key=new_key("ES256"))
        code = self.code_by(op, portal, pkce, {}, mine.sent(path="/par"))
        assert self.redeem(op, portal, code, pkce, other.sent(path="/token")).json["error"] == "invalid_grant"
        assert self.redeem(op, portal, code, pkce, {}).status_code == 400
        assert self.redeem(op, portal, code, pkce, mine.sent(path="/token")).json["token_type"] == "DPoP"

    def test_a_named_thumbprint_does_as_well_in_a_link_too(self, op, portal):
        mine, other = Prover(), Prover(key=new_key("ES256"))
        for by_link in (False, True):
            pkce, jkt = Pkce(), mine.jkt
            if by_link:
                code = op.person().sign_in().code(portal, pkce, dpop_jkt=jkt)
            else:
                code = self.code_by(op, portal, pkce, {"dpop_jkt": jkt}, {})
            assert self.redeem(op, portal, code, pkce, other.sent(path="/token")).status_code == 400
            assert self.redeem(op, portal, code, pkce, mine.sent(path="/token")).status_code == 200

    def test_both_must_be_the_same_key(self, op, portal):
        mine = Prover()
        form = parameters(portal, dpop_jkt=new_key("ES256").thumbprint())
        assert refused(push(op, portal, form, mine.sent(path="/par")), "invalid_dpop_proof")
        form = parameters(portal, dpop_jkt=mine.jkt)
        assert push(op, portal, form, mine.sent(path="/par")).status_code == 201

    def test_a_proof_for_another_address_or_a_second_time_is_refused(self, op, portal):
        mine = Prover()
        assert refused(push(op, portal, parameters(portal), mine.sent(path="/token")), "invalid_dpop_proof")
        once = mine.sent(path="/par")
        assert push(op, portal, parameters(portal), once).status_code == 201
        assert refused(push(op, portal, parameters(portal), once), "invalid_dpop_proof")

    @pytest.mark.parametrize("jkt", ["x", "a" * 44, "a" * 42 + "="])
    def test_what_is_no_thumbprint_is_refused(self, op, portal, jkt):
        assert refused(push(op, portal, parameters(portal, dpop_jkt=jkt)), "invalid_request")
        assert landed(op.visitor().authorize(portal, dpop_jkt=jkt)).answer["error"] == "invalid_request"
