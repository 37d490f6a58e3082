"""Faults of a request whose client and address are certain go to the client: RFC 6749 §4.1.2.1, RFC 9207 §2."""

import pytest

from tests.protocol.parties import CALLBACK, ISSUER, Pkce, landed

TOLD = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": ""}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "naïve\r\nX: y"}, "invalid_request"),
    ({"response_type": "数"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "web_message"}, "invalid_request"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request_uri": "https://portal.example.gov.cn/request.jwt"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "nonsense"}, "invalid_scope"),
    ({"scope": "feeds:cases"}, "invalid_scope"),
    ({"scope": "certificates"}, "invalid_scope"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "nonsense"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "1.5"}, "invalid_request"),
    ({"max_age": "٣"}, "invalid_request"),
    ({"max_age": "9" * 99}, "invalid_request"),
    ({"id_token_hint": "nonsense"}, "invalid_request"),
    ({"nonce": ["a", "b"]}, "invalid_request"),
    ({"scope": ["openid", "openid"]}, "invalid_request"),
    ({"unknown": ["a", "b"]}, "invalid_request"),
    ({"nonce": "line\nbreak"}, "invalid_request"),
    ({"login_hint": "\x7f"}, "invalid_request"),
    # PKCE is demanded of everybody, with S256 and nothing weaker (RFC 9700 §2.1.1, §4.8)
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge_method": "S512"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "a" * 44}, "invalid_request"),
    ({"code_challenge": "a" * 42 + "="}, "invalid_request"),
    ({"code_challenge": [Pkce().challenge, Pkce().challenge]}, "invalid_request"),
]


def test_the_error_goes_to_the_registered_address_with_state_and_iss(op):
    portal = op.portal()
    for person in (op.visitor(), op.person().sign_in()):
        for changes, error in TOLD:
            response = person.authorize(portal, **changes)
            assert response.status_code == 303, (changes, response.status_code)
            place = landed(response)
            assert place.address.startswith(CALLBACK + "&error="), changes
            assert place.answer["error"] == error, changes
            assert place.answer["state"] == "st&ate=1", changes
            assert place.answer["iss"] == ISSUER, changes
            assert "code" not in place.answer
            description = place.answer.get("error_description", "")
            assert all(0x20 <= ord(c) < 0x7F and c not in '"\\' for c in description), changes


def test_a_repeated_state_is_an_error_and_neither_is_sent_back(op):
    answer = landed(op.visitor().authorize(op.portal(), state=["a", "b"])).answer
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


def test_without_state_none_is_invented(op):
    assert "state" not in landed(op.visitor().authorize(op.portal(), state=None, scope="nonsense")).answer
    assert "state" not in landed(op.person().sign_in().authorize(op.portal(), state=None)).answer


def test_a_state_of_any_text_comes_back_as_it_went(op):
    person, portal = op.person().sign_in(), op.portal()
    for state in ("a b+c&d=e%20", "中文", "'\"<>;", '{"a":1}', "x" * 2000):
        assert landed(person.authorize(portal, state=state)).answer["state"] == state


def test_a_request_larger_than_any_honest_one_is_a_page(op):
    response = op.visitor().authorize(op.portal(), state="x" * 6001)
    assert response.status_code == 400
    many = op.visitor().authorize(op.portal(), **{f"p{n}": "1" for n in range(60)})
    assert many.status_code == 400


def test_a_machine_client_has_no_way_through_authorize(op):
    machine = op.machine_client("feeds:cases")
    response = op.person().sign_in().authorize(machine, redirect_uri=CALLBACK)
    assert response.status_code == 400
    assert "Location" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(op, method):
    assert op.machine.open("/authorize", method=method, base_url=ISSUER).status_code in {400, 405}
