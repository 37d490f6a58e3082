"""How answers come back: Multiple Response Type Encoding Practices §2.1, Form Post Response Mode, RFC 9207."""

import re
from urllib.parse import urlsplit

import pytest

from tests.protocol.parties import CALLBACK, ISSUER, Pkce, flow_of, landed
from tests.protocol.pushing import form_of, open_handle, pushed
from tests.protocol.test_authorize_errors import TOLD
from tests.protocol.test_redirect_uri import MUTATIONS, REGISTERED, _is_a_page

FORM = {"response_mode": "form_post"}


def policy(response, name):
    found = re.search(rf"{name} ([^;]*)", response.headers["Content-Security-Policy"])
    return found.group(1).split() if found else []


class TestFormPost:
    def test_the_code_comes_by_a_form_to_the_registered_address(self, op):
        portal, pkce = op.portal(), Pkce()
        response = op.person().sign_in().authorize(portal, pkce, **FORM)
        target, fields = form_of(response)
        assert target == CALLBACK
        assert set(fields) == {"code", "state", "iss"}
        assert fields["state"] == "st&ate=1"
        assert fields["iss"] == ISSUER
        assert op.redeem(portal, fields["code"], pkce).status_code == 200

    def test_the_page_goes_on_by_our_script_or_by_its_button_and_leaks_nothing(self, op):
        response = op.person().sign_in().authorize(op.portal(), **FORM)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "strict-origin"
        assert policy(response, "form-action") == ["'self'", "https://portal.example.gov.cn", "https:"]
        assert policy(response, "script-src") == ["'self'"]
        assert "<script>" not in response.text
        assert "onload" not in response.text
        assert re.search(r"<button class=\"btn btn--l\">[^<]+</button>", response.text)
        script = re.search(r'<script src="([^"]+ui\.js)"', response.text).group(1)
        assert "form[data-submit]" in op.machine.get(script, base_url=ISSUER).text

    def test_errors_come_by_the_form_too(self, op):
        portal = op.portal()
        for person in (op.visitor(), op.person().sign_in()):
            for changes, error in TOLD:
                if "response_mode" in changes:
                    continue
                target, fields = form_of(person.authorize(portal, **FORM, **changes))
                assert target == CALLBACK, changes
                assert fields["error"] == error, changes
                assert fields["state"] == "st&ate=1"
                assert fields["iss"] == ISSUER
                assert fields["error_uri"] == f"{ISSUER}/developers/errors#{error}"
                assert "code" not in fields

    def test_what_was_sent_comes_back_as_text_and_nothing_else(self, op):
        person, portal = op.person().sign_in(), op.portal(client_name="<b>门户</b>")
        for state in ('"><script>alert(1)</script>', "'onmouseover='x", "</form><b>", "a&amp;b", "中文 +%20"):
            response = person.authorize(portal, state=state, **FORM)
            assert form_of(response)[1]["state"] == state
            assert state not in response.text or not set(state) & set("<>\"'&")
        assert "<b>门户" not in response.text

    def test_it_follows_a_login_and_a_handle(self, op):
        portal, person = op.portal(), op.person()
        flow = flow_of(person.authorize(portal, **FORM))
        person.sign_in()
        assert "code" in form_of(person.get(f"/authorize/resume?flow={flow}"))[1]
        assert "code" in form_of(open_handle(person, portal, pushed(op, portal, **FORM)))[1]

    def test_no_mutation_of_the_registered_uri_becomes_the_target_of_a_form(self, op):
        portal, person = op.portal(redirect_uris=[REGISTERED]), op.person().sign_in()
        assert form_of(person.authorize(portal, **FORM))[0] == REGISTERED
        for uri in MUTATIONS:
            for mode in ("form_post", "form_post.jwt"):
                response = person.authorize(portal, redirect_uri=uri, response_mode=mode)
                assert _is_a_page(response), uri
                assert "data-submit" not in response.text, uri

    def test_a_request_by_post_answered_by_a_form(self, op):
        person, portal = op.person().sign_in(), op.portal()
        response = person.authorize(portal, method="POST", **FORM)
        assert response.status_code == 303
        assert urlsplit(response.headers["Location"]).netloc == ""
        assert "code" in form_of(person.get(response.headers["Location"]))[1]

    def test_an_application_with_a_scheme_of_its_own_cannot_be_posted_to(self, op):
        portal = op.portal(
            application_type="native",
            token_endpoint_auth_method="none",
            grant_types=["authorization_code"],
            redirect_uris=["cn.gov.gd.app:/cb"],
        )
        person = op.person().sign_in()
        assert "code" in landed(person.authorize(portal)).answer
        for mode in ("form_post", "form_post.jwt"):
            response = person.authorize(portal, response_mode=mode)
            assert response.headers["Location"].startswith("cn.gov.gd.app:/cb?")


class TestModes:
    def test_query_is_the_default_and_may_be_named(self, op):
        person, portal = op.person().sign_in(), op.portal()
        for mode in (None, "", "query"):
            assert landed(person.authorize(portal, response_mode=mode)).address.startswith(CALLBACK + "&code=")

    @pytest.mark.parametrize(
        "mode", ["fragment", "fragment.jwt", "web_message", "FORM_POST", "query jwt", "form_post,jwt"]
    )
    def test_others_are_refused_by_query(self, op, mode):
        answer = landed(op.person().sign_in().authorize(op.portal(), response_mode=mode)).answer
        assert answer["error"] == "invalid_request"
        assert "form_post" in answer["error_description"]

    def test_two_modes_at_once_are_refused_by_query(self, op):
        answer = landed(op.visitor().authorize(op.portal(), response_mode=["form_post", "query"])).answer
        assert answer["error"] == "invalid_request"
