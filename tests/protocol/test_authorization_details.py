"""Authorization details (RFC 9396): types by plug-in, shown each time, carried into tokens; and resource (RFC 8707)."""

import json

import pytest

from idp import authorization_detail, discovery
from idp.authorization_detail import DetailType, Malformed, Shown
from idp.clients import metadata
from kernel.errors import Invalid
from tests.protocol.parties import ISSUER, Pkce, flow_of, landed
from tests.protocol.pushing import open_handle, parameters, push, pushed

PAYMENT = {"type": "payment", "amount": 12, "to": "市水务局"}
GRANTED = {"type": "payment", "amount": 12, "to": "市水务局", "currency": "CNY"}


def _validate(detail):
    if not isinstance(detail.get("amount"), int) or detail["amount"] < 1:
        raise Malformed("amount must be a whole number above zero, “§”")
    return {"amount": detail["amount"], "to": str(detail.get("to")), "currency": "CNY"}


@pytest.fixture(autouse=True)
def payment():
    kind = DetailType(
        name="payment",
        validate=_validate,
        shown=lambda detail: Shown(title="缴费", lines=[("金额", f"{detail['amount']}元"), ("收款方", detail["to"])]),
        covers=lambda granted, asked: asked["to"] == granted["to"] and asked["amount"] <= granted["amount"],
    )
    authorization_detail.install_types([kind])
    yield
    authorization_detail.install_types([])


@pytest.fixture
def portal(op):
    return op.portal(authorization_details_types=["payment"])


@pytest.fixture
def person(op):
    return op.person(level=3).sign_in()


def asks(*details):
    return {"authorization_details": json.dumps(details)}


def agreed(person, response):
    """What follows once the person has agreed on the page."""
    assert response.headers["Location"].startswith("/consent?"), response.headers["Location"]
    flow = flow_of(response)
    page = person.get(f"/consent?flow={flow}").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "flow": flow, "do": "allow", "keep": "once"}
    person.http.post("/consent", base_url=ISSUER, data=form, headers={"Origin": ISSUER})
    return page, person.get(f"/authorize/resume?flow={flow}")


class TestAsked:
    def test_the_person_sees_it_and_the_tokens_carry_it_filled_in(self, op, person, portal):
        pkce = Pkce()
        page, response = agreed(person, person.authorize(portal, pkce, **asks(PAYMENT)))
        assert all(words in page for words in ("缴费", "金额", "12元", "收款方", "市水务局"))
        answer = op.redeem(portal, landed(response).answer["code"], pkce).json
        assert answer["authorization_details"] == [GRANTED]
        assert op.read(answer["access_token"]).claims["authorization_details"] == [GRANTED]
        refreshed = op.refresh(portal, answer["refresh_token"]).json
        assert refreshed["authorization_details"] == [GRANTED]

    def test_it_is_asked_each_time_and_never_silently(self, op, person, portal):
        for _ in range(2):
            _, response = agreed(person, person.authorize(portal, **asks(PAYMENT)))
            assert "code" in landed(response).answer
        answer = landed(person.authorize(portal, prompt="none", **asks(PAYMENT))).answer
        assert answer["error"] == "consent_required"

    def test_pushed_as_well(self, op, person, portal):
        uri = pushed(op, portal, **asks(PAYMENT))
        assert "12元" in agreed(person, open_handle(person, portal, uri))[0]

    def test_discovery_and_registration_name_the_types(self, op):
        assert discovery.document(ISSUER)["authorization_details_types_supported"] == ["payment"]
        with pytest.raises(Invalid) as refused:
            metadata.validate({"redirect_uris": ["https://x.example/cb"], "authorization_details_types": ["other"]})
        assert "payment" in refused.value.fields["authorization_details_types"]

    @pytest.mark.parametrize(
        "text",
        [
            "x",
            "{}",
            "[]",
            "null",
            "[1]",
            "[{}]",
            '[{"type": 1}]',
            '[{"type": "unknown", "amount": 1}]',
            '[{"type": "payment"}]',
            '[{"type": "payment", "amount": 0}]',
            '[{"type": "payment", "amount": NaN}]',
            '[{"type": "payment", "amount": 1, "to": "\\ud800"}]',
            json.dumps([PAYMENT] * 11),
            "[" * 2000,
            '[{"type": "payment", "amount": 1, "deep": ' + "[" * 20 + "]" * 20 + "}]",
        ],
    )
    def test_what_cannot_be_meant_is_told(self, op, person, portal, text):
        answer = landed(person.authorize(portal, authorization_details=text)).answer
        assert answer["error"] == "invalid_authorization_details"
        assert "authorization_details" in answer["error_description"]
        at_par = push(op, portal, parameters(portal, authorization_details=text))
        assert at_par.json["error"] == "invalid_authorization_details"

    def test_an_unregistered_type_is_not_for_this_client(self, op, person):
        answer = landed(person.authorize(op.portal(), **asks(PAYMENT))).answer
        assert answer["error"] == "invalid_authorization_details"
        assert "authorization_details_types" in answer["error_description"]

    def test_too_long_is_a_page(self, person, portal):
        assert person.authorize(portal, **asks(PAYMENT | {"to": "x" * 8000})).status_code in {400, 414}


class TestAtTheTokenEndpoint:
    """RFC 9396 §6."""

    def code(self, person, portal, pkce):
        return landed(agreed(person, person.authorize(portal, pkce, **asks(PAYMENT)))[1]).answer["code"]

    def test_a_token_may_be_for_less(self, op, person, portal):
        pkce = Pkce()
        code = self.code(person, portal, pkce)
        answer = op.redeem(portal, code, pkce, **asks(PAYMENT | {"amount": 5})).json
        assert answer["authorization_details"] == [GRANTED | {"amount": 5}]
        again = op.refresh(portal, answer["refresh_token"]).json
        assert again["authorization_details"] == [GRANTED], "what was granted stays granted"

    def test_and_never_for_more(self, op, person, portal):
        pkce = Pkce()
        code = self.code(person, portal, pkce)
        for more in ({"amount": 13}, {"to": "他人"}):
            refused = op.redeem(portal, code, pkce, **asks(PAYMENT | more))
            assert refused.json["error"] == "invalid_authorization_details"
        assert op.redeem(portal, code, pkce).status_code == 200

    def test_a_machine_gets_none(self, op):
        machine = op.machine_client("feeds:cases")
        answer = op.token(machine, grant_type="client_credentials", **asks(PAYMENT))
        assert answer.json["error"] == "invalid_authorization_details"


class TestResource:
    """RFC 8707 §2.1: at /authorize and /par; the token endpoint is in test_resource."""

    def test_tokens_are_for_the_interfaces_that_were_asked_for(self, op, person):
        portal, pkce = op.portal(), Pkce()
        theirs = "https://api.portal.example.gov.cn/v1"
        op.portal(resource_uris=[theirs])
        code = person.code(portal, pkce, resource=[f"{ISSUER}/userinfo", theirs])
        answer = op.redeem(portal, code, pkce).json
        assert op.read(answer["access_token"]).claims["aud"] == [f"{ISSUER}/userinfo", theirs]
        uri = pushed(op, portal, pkce, resource=[f"{ISSUER}/userinfo", theirs])
        code = landed(open_handle(person, portal, uri)).answer["code"]
        narrowed = op.redeem(portal, code, pkce, resource=theirs).json
        assert op.read(narrowed["access_token"]).claims["aud"] == theirs

    @pytest.mark.parametrize("uri", ["x", "/x", "https://x.example/api", f"{ISSUER}/userinfo#x", "https://a b", "é:x"])
    def test_others_are_invalid_target(self, op, person, uri):
        portal = op.portal()
        assert landed(person.authorize(portal, resource=uri)).answer["error"] == "invalid_target"
        assert landed(person.authorize(portal, resource=[ISSUER, uri])).answer["error"] == "invalid_target"
        assert push(op, portal, parameters(portal, resource=uri)).json["error"] == "invalid_target"
