"""form-action of the pages on the way back to a portal: a browser holds the redirects after a form against it too
(CSP 3 §6.4.1), so each page whose form may end at the portal names its origin, and no page names one needlessly.
"""

import re
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from werkzeug.test import TestResponse

from tests.flows.authenticator import enrolled
from tests.flows.people import ELSEWHERE, Browser, Cities, number, person
from tests.flows.test_consent_and_account import authorize, flow_of, portal
from tests.flows.test_second_step import half

NewBrowser = Callable[..., Browser]
PORTAL = "https://gjj.example.gov.cn"
STEP_UP, ADD, CONFIRM = "/login/step-up", "/account/two-step/add", "/account/two-step/confirm"


def targets(response: TestResponse) -> str:
    assert response.status_code == 200, response.text
    assert 'method="post"' in response.text
    found = re.search(r"form-action ([^;]*);", response.headers["Content-Security-Policy"])
    assert found
    return found[1]


def waiting(browser: Browser) -> str:
    """A portal's request that waits in this browser; its flow."""
    return flow_of(browser.get(authorize(portal(), prompt="login consent")))


def on(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


@pytest.fixture
def owner(browser: Browser) -> str:
    return person(id_number=number(2), level=4)


def test_the_sign_in(browser: Browser) -> None:
    flow = waiting(browser)
    assert targets(browser.get(on("/login", flow=flow))) == f"'self' {PORTAL}"
    assert targets(browser.get("/login")) == "'self'"


def test_the_sign_in_for_a_page_that_goes_on_to_the_portal(browser: Browser) -> None:
    step_up = on(STEP_UP, flow=waiting(browser), level="3")
    for following in (step_up, on(ADD, next=step_up)):
        assert targets(browser.get(on("/login", next=following))) == f"'self' {PORTAL}"
    assert targets(browser.get(on("/login", next="/account/apps"))) == "'self'"


def test_the_code_after_the_password(browser: Browser, owner: str) -> None:
    enrolled(owner)
    flow = waiting(browser)
    for fields in ({"flow": flow}, {"next": on(STEP_UP, flow=flow)}):
        step = half(browser, on=on("/login", **fields), **fields)
        assert targets(browser.get(on("/login/second", step=step))) == f"'self' {PORTAL}"
    assert targets(browser.get(on("/login/second", step=half(browser)))) == "'self'"


def test_the_first_sign_in_at_a_city(browser: Browser, new_browser: NewBrowser, cities: Cities) -> None:
    cities.add("shenzhen")
    cities.says("u-1", name="陈晓岚", number=number(2), level="3")
    flow = waiting(browser)
    for query in (on("", flow=flow), on("", next=on(STEP_UP, flow=flow))):
        arrival = cities.arrive(browser, "shenzhen", "u-1", query).headers["Location"]
        assert arrival.startswith("/link?")
        assert targets(browser.get(arrival)) == f"'self' {PORTAL}"
    other = new_browser(ELSEWHERE)
    assert targets(other.get(cities.arrive(other, "shenzhen", "u-1").headers["Location"])) == "'self'"


def test_the_choice_of_the_account(browser: Browser, owner: str) -> None:
    browser.sign_in("chenxl")
    assert targets(browser.get(on("/login/account", flow=waiting(browser)))) == f"'self' {PORTAL}"


def test_the_consent(browser: Browser, owner: str) -> None:
    browser.sign_in("chenxl")
    assert targets(browser.get(on("/consent", flow=waiting(browser)))) == f"'self' {PORTAL}"


def test_proving_more(browser: Browser, owner: str) -> None:
    browser.sign_in("chenxl")
    assert targets(browser.get(on(STEP_UP, flow=waiting(browser)))) == f"'self' {PORTAL}"
    assert targets(browser.get(STEP_UP)) == "'self'"


def test_adding_an_app_on_the_way(browser: Browser, owner: str) -> None:
    browser.sign_in("chenxl")
    step_up = on(STEP_UP, flow=waiting(browser), level="3")
    for following, named in ((step_up, f"'self' {PORTAL}"), ("/account/apps", "'self'"), ("", "'self'")):
        page = on(ADD, next=following)
        assert targets(browser.get(page)) == named
        assert browser.post(ADD, on=page, next=following).headers["Location"] == CONFIRM
        assert targets(browser.get(CONFIRM)) == named


def test_a_request_of_another_browser_names_nothing(browser: Browser, new_browser: NewBrowser, owner: str) -> None:
    flow = waiting(new_browser(ELSEWHERE))
    browser.sign_in("chenxl")
    for following in (on(STEP_UP, flow=flow), on(STEP_UP, flow="x" * 2000), f"/a?flow={quote('../')}", "/a?next=&flow"):
        assert targets(browser.get(on(ADD, next=following))) == "'self'"
