"""The authorization code flow: OpenID Connect Core §3.1, RFC 6749 §4.1, RFC 9207."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from joserfc import jws

from tests.protocol.parties import CALLBACK, ISSUER, Pkce, flow_of, landed


def test_a_signed_in_person_gets_a_code_at_once_with_state_and_iss(op):
    response = op.person().sign_in().authorize(op.portal())
    assert response.status_code == 303
    place = landed(response)
    assert place.address.startswith(CALLBACK + "&code=")  # the query of the registered URI is retained, byte by byte
    assert place.answer["state"] == "st&ate=1"
    assert place.answer["iss"] == ISSUER
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_the_code_becomes_tokens_and_the_id_token_tells_the_sign_in_as_it_was(op, frozen_clock):
    portal, person = op.portal(), op.person(level=4).sign_in(level=4, amr=("pwd", "otp"))
    signed_in = int(frozen_clock.now.timestamp())
    frozen_clock.advance(minutes=5)
    answer = op.tokens(portal, person)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 600
    assert answer["scope"] == "openid"
    claims = op.read(answer["id_token"]).claims
    half = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    assert claims == {
        "iss": ISSUER,
        "aud": portal.client_id,
        "sub": claims["sub"],
        "iat": signed_in + 300,
        "exp": signed_in + 300 + 3600,
        "auth_time": signed_in,
        "acr": "4",
        "amr": ["pwd", "otp"],
        "sid": person.session_id,
        "nonce": "n-1",
        "azp": portal.client_id,
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
    }


def test_the_access_token_is_a_jwt_of_rfc_9068_without_anything_personal(op):
    portal, person = op.portal(), op.person().sign_in()
    token = op.read(op.tokens(portal, person)["access_token"])
    assert token.header["typ"] == "at+jwt"
    assert token.header["alg"] == "ES256"
    assert set(token.claims) == {
        *("iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti", "auth_time", "acr", "amr", "sid", "family"),
    }
    assert person.account_id not in token.claims.values()


def test_acr_is_never_above_what_the_account_is_worth_now(op):
    answer = op.tokens(op.portal(), op.person(level=3).sign_in(level=5))
    assert op.read(answer["id_token"]).claims["acr"] == "3"


@pytest.mark.parametrize(("registered", "alg"), [({}, "ES256"), ({"id_token_signed_response_alg": "RS256"}, "RS256")])
def test_the_id_token_is_signed_as_registered_and_with_es256_by_default(op, registered, alg):
    answer = op.tokens(op.portal(**registered), op.person().sign_in())
    header = jws.extract_compact(answer["id_token"].encode()).headers()
    assert header["alg"] == alg
    assert header["kid"]


def test_sub_is_the_same_at_every_login_and_differs_between_sectors(op):
    here, there = op.portal(), op.portal(redirect_uris=["https://other.example.gov.cn/cb"])
    sister = op.portal(redirect_uris=["https://portal.example.gov.cn/another"])
    person, other = op.person().sign_in(), op.person().sign_in()
    seen = [
        op.read(op.tokens(p, who)["id_token"]).claims["sub"]
        for p, who in [(here, person), (here, person), (sister, person), (there, person), (here, other)]
    ]
    assert seen[0] == seen[1] == seen[2]
    assert len({seen[0], seen[3], seen[4]}) == 3
    assert person.account_id not in seen


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(op):
    assert "refresh_token" not in op.tokens(op.portal(grant_types=["authorization_code"]), op.person().sign_in())


def test_without_openid_there_is_no_id_token(op):
    answer = op.tokens(op.portal(), op.person().sign_in(), scope="materials")
    assert "id_token" not in answer
    assert answer["scope"] == "materials"


def test_without_nonce_the_request_is_good_and_the_id_token_has_none(op):
    answer = op.tokens(op.portal(), op.person().sign_in(), nonce=None)
    assert "nonce" not in op.read(answer["id_token"]).claims


def test_parameters_nobody_knows_and_hints_are_no_errors(op):
    extra = {
        "extra": "1",
        "acr_values": "5 4",
        "ui_locales": "se zh-CN",
        "claims_locales": "se",
        "display": "page",
        "login_hint": "张三",
        "claims": '{"userinfo":{"nickname":{"essential":true}}}',
        "empty": "",
    }
    assert "code" in landed(op.person().sign_in().authorize(op.portal(), **extra)).answer


def test_scopes_the_client_is_not_registered_for_and_unknown_ones_are_dropped(op):
    answer = op.tokens(op.portal(), op.person().sign_in(), scope="certificates openid nonsense feeds:cases openid")
    assert answer["scope"] == "openid"


def test_the_order_of_scopes_does_not_matter(op):
    person, portal = op.person().sign_in(), op.portal()
    op.consent(person, portal, "email", "profile")
    answer = op.tokens(portal, person, scope="email openid profile")
    assert set(answer["scope"].split()) == {"openid", "email", "profile"}


class TestPost:
    def test_a_request_by_post_goes_on_by_get_so_that_the_session_is_seen(self, op):
        person = op.person().sign_in()
        response = person.authorize(op.portal(), method="POST")
        assert response.status_code == 303
        assert urlsplit(response.headers["Location"]).netloc == ""
        assert "code" in landed(person.get(response.headers["Location"])).answer

    def test_a_wrong_request_by_post_is_answered_at_once(self, op):
        response = op.visitor().authorize(op.portal(), method="POST", scope="nonsense")
        assert landed(response).answer["error"] == "invalid_scope"

    def test_a_wrong_redirect_uri_by_post_is_a_page(self, op):
        response = op.visitor().authorize(op.portal(), method="POST", redirect_uri="https://evil.example/cb")
        assert response.status_code == 400
        assert "Location" not in response.headers


class TestFlow:
    def test_nobody_signed_in_goes_to_the_login_and_comes_back_to_the_same_request(self, op):
        portal, person, pkce = op.portal(), op.person(), Pkce()
        response = person.authorize(portal, pkce)
        assert response.status_code == 303
        assert response.headers["Location"].startswith("/login?flow=")
        person.sign_in()
        place = landed(person.get(f"/authorize/resume?flow={flow_of(response)}"))
        assert place.answer["state"] == "st&ate=1"
        assert op.redeem(portal, place.answer["code"], pkce).status_code == 200

    def test_two_tabs_have_two_flows(self, op):
        person, one, two = op.person(), op.portal(), op.portal()
        flows = [flow_of(person.authorize(p, state=p.client_id)) for p in (one, two)]
        person.sign_in()
        for portal, flow in zip((one, two), flows, strict=True):
            assert landed(person.get(f"/authorize/resume?flow={flow}")).answer["state"] == portal.client_id

    def test_a_flow_of_another_browser_opens_nothing(self, op):
        flow = flow_of(op.person().authorize(op.portal()))
        response = op.person().sign_in().get(f"/authorize/resume?flow={flow}")
        assert response.status_code == 400
        assert "Location" not in response.headers

    def test_a_flow_ends_when_it_is_answered(self, op):
        person = op.person()
        flow = flow_of(person.authorize(op.portal()))
        person.sign_in()
        assert person.get(f"/authorize/resume?flow={flow}").status_code == 303
        assert person.get(f"/authorize/resume?flow={flow}").status_code == 400

    def test_a_flow_ends_after_half_an_hour(self, op, frozen_clock):
        person = op.person()
        flow = flow_of(person.authorize(op.portal()))
        frozen_clock.advance(timedelta(minutes=31))
        person.sign_in()
        assert person.get(f"/authorize/resume?flow={flow}").status_code == 400

    @pytest.mark.parametrize("flow", ["", "x", "a" * 65, "../../etc", "%00", "é"])
    def test_a_made_up_flow_is_a_page(self, op, flow):
        assert op.person().sign_in().get(f"/authorize/resume?flow={flow}").status_code == 400

    def test_a_client_disabled_during_the_flow_gets_nothing(self, op):
        from idp.clients import change
        from kernel.db import transaction

        portal, person = op.portal(), op.person()
        flow = flow_of(person.authorize(portal))
        with transaction() as db:
            change.disable(db, portal.client_id)
        response = person.sign_in().get(f"/authorize/resume?flow={flow}")
        assert response.status_code == 400
        assert "Location" not in response.headers
