"""PKCE (RFC 7636) and its downgrade (RFC 9700 §4.8, IDENTITY §5)."""

import pytest

from idp.clients import change, metadata
from kernel.db import transaction
from kernel.errors import Invalid
from tests.protocol.parties import Pkce, landed
from tests.protocol.pushing import open_handle, parameters, push, pushed

NONE = {"code_challenge": None, "code_challenge_method": None}


def redeem(op, portal, code, **form):
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": portal.redirect_uri} | form
    return op.token(portal, **sent)


@pytest.fixture
def person(op):
    return op.person().sign_in()


class TestWithout:
    """A confidential client that an operator registered so."""

    @pytest.fixture
    def portal(self, op):
        return op.portal(require_pkce=False)

    @pytest.mark.parametrize("nonce", ["n-1", None])
    def test_it_gets_its_code_with_and_without_nonce(self, op, person, portal, nonce):
        code = person.code(portal, Pkce(), nonce=nonce, **NONE)
        answer = redeem(op, portal, code)
        assert answer.status_code == 200
        assert op.read(answer.json["id_token"]).claims.get("nonce") == nonce

    def test_a_verifier_that_no_challenge_came_with_is_refused(self, op, person, portal):
        code = person.code(portal, Pkce(), **NONE)
        for verifier in (Pkce().verifier, "x"):
            answer = redeem(op, portal, code, code_verifier=verifier)
            assert answer.status_code == 400
            assert answer.json["error"] == "invalid_grant"
        assert redeem(op, portal, code).status_code == 200, "a refusal does not spend the code"

    def test_a_challenge_that_was_sent_counts(self, op, person, portal):
        pkce = Pkce()
        code = person.code(portal, pkce)
        assert redeem(op, portal, code).json["error"] == "invalid_request"
        assert redeem(op, portal, code, code_verifier=Pkce().verifier).json["error"] == "invalid_grant"
        assert redeem(op, portal, code, code_verifier=pkce.verifier).status_code == 200

    @pytest.mark.parametrize(
        "changes",
        [
            {"code_challenge_method": "plain"},
            {"code_challenge_method": None},
            {"code_challenge": None},
            {"code_challenge": "short"},
            {"code_challenge": None, "code_challenge_method": "plain"},
        ],
    )
    def test_half_of_it_or_plain_is_refused(self, op, person, portal, changes):
        assert landed(person.authorize(portal, **changes)).answer["error"] == "invalid_request"
        response = push(op, portal, parameters(portal, **changes))
        assert response.json["error"] == "invalid_request"

    def test_pushed_as_well(self, op, person, portal):
        code = landed(open_handle(person, portal, pushed(op, portal, **NONE))).answer["code"]
        assert redeem(op, portal, code).status_code == 200


class TestDemanded:
    def test_of_everybody_else(self, op, person):
        public = op.portal(token_endpoint_auth_method="none", grant_types=["authorization_code"])
        for portal in (op.portal(), public):
            assert landed(person.authorize(portal, **NONE)).answer["error"] == "invalid_request"
            assert push(op, portal, parameters(portal, **NONE)).json["error"] == "invalid_request"

    def test_the_verifier_cannot_be_left_out_or_wrong(self, op, person):
        portal, pkce = op.portal(), Pkce()
        code = person.code(portal, pkce)
        assert redeem(op, portal, code).json["error"] == "invalid_request"
        for wrong in (Pkce().verifier, pkce.challenge):
            assert redeem(op, portal, code, code_verifier=wrong).json["error"] == "invalid_grant"

    def test_a_code_from_before_the_demand_is_worth_nothing_after_it(self, op, person):
        portal = op.portal(require_pkce=False)
        code = person.code(portal, Pkce(), **NONE)
        raw = {"redirect_uris": [portal.redirect_uri], "scope": "openid", "require_pkce": True}
        with transaction() as db:
            change.change(db, portal.client_id, lambda _row: metadata.validate(raw))
        answer = redeem(op, portal, code)
        assert answer.json["error"] == "invalid_grant"

    def test_public_clients_and_fapi_cannot_be_registered_without(self):
        raw = {"redirect_uris": ["https://portal.example.gov.cn/cb"], "require_pkce": False}
        for more in ({"token_endpoint_auth_method": "none"}, {"security_profile": "fapi2"}):
            with pytest.raises(Invalid) as refused:
                metadata.validate(raw | more)
            assert "require_pkce" in refused.value.fields
