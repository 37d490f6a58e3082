"""What stands on a city's word is refreshed only while the city is believed (IDENTITY §5, disabled source)."""

import pytest
from flask import Flask

from tests.flows.people import Browser, Cities, arrival_of, number
from tests.protocol.parties import Op, Pkce, Portal, landed

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture
def op(app: Flask) -> Op:
    return Op(app)


@pytest.fixture
def target(op: Op) -> Portal:
    return op.portal(redirect_uris=["https://b.example.gov.cn/cb"])


@pytest.fixture
def portal(op: Op, target: Portal) -> Portal:
    grants = ["authorization_code", "refresh_token", GRANT]
    return op.portal(grant_types=grants, token_exchange_audiences=[target.client_id])


def test_while_the_city_is_switched_off_nothing_is_refreshed_or_exchanged(
    op: Op, portal: Portal, target: Portal, browser: Browser, cities: Cities
) -> None:
    cities.add("shenzhen")
    cities.add("foshan", name="佛山市")
    cities.says("u-1", name="陈晓岚", number=number(2), level="3")
    arrival = arrival_of(cities.arrive(browser, "shenzhen", "u-1"))
    browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="open")
    pkce = Pkce()
    asked = {
        "response_type": "code",
        "client_id": portal.client_id,
        "redirect_uri": portal.redirect_uri,
        "scope": "openid",
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
    }
    response = browser.http.get("/authorize", base_url="http://127.0.0.1:8000", query_string=asked)
    tokens = op.redeem(portal, landed(response).answer["code"], pkce).json

    def exchanged() -> int:
        form = {"subject_token": tokens["access_token"], "subject_token_type": ACCESS_TOKEN}
        return op.token(portal, grant_type=GRANT, audience=target.client_id, **form).status_code

    cities.change("foshan", enabled=False)
    tokens = op.refresh(portal, tokens["refresh_token"]).json
    assert exchanged() == 200

    cities.change("shenzhen", enabled=False)
    refused = op.refresh(portal, tokens["refresh_token"])
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_grant")
    assert exchanged() == 400

    cities.change("shenzhen", enabled=True)
    assert op.refresh(portal, tokens["refresh_token"]).status_code == 200
