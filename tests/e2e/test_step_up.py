"""A portal's step-up in a real browser, up to the portal: past form-action, which holds for redirects after a form."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import person
from tests.e2e.test_two_step import password
from tests.servers.demo import Demo

pytestmark = pytest.mark.xdist_group("embedded")


def request_of(demo: Demo, **changes: str) -> str:
    query = {
        "response_type": "code",
        "client_id": demo.sheet["portal"]["client_id"],
        "redirect_uri": demo.sheet["portal"]["url"] + "/callback",
        "scope": "openid profile",
        "state": "s",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{demo.issuer}/authorize?{urlencode(query)}"


def answer_to(page: Page, demo: Demo, button: str) -> dict[str, list[str]]:
    """What the portal's callback is told after this button of ours; that it did not ask itself is its own concern."""
    callback = demo.sheet["portal"]["url"] + "/callback?"
    with page.expect_request(lambda request: request.url.startswith(callback)) as sent:
        page.get_by_role("button", name=button).click(no_wait_after=True)
    return parse_qs(urlsplit(sent.value.url).query)


def test_who_enrols_on_the_way_comes_back_to_the_portal(browser: Browser, embedded: Demo) -> None:
    account = next(one for one in embedded.sheet["accounts"] if one["kind"] == "province")  # no other test signs it in
    essential = json.dumps({"id_token": {"acr": {"essential": True, "values": ["3"]}}})
    with person(browser, embedded.issuer) as context:
        page = context.new_page()
        password(page, embedded, account)
        page.wait_for_url("**/me")
        page.goto(request_of(embedded))
        page.locator('input[name=keep][value="year"]').check()
        assert "code" in answer_to(page, embedded, "同意并继续")
        page.goto(request_of(embedded, claims=essential))  # nothing is left to be asked on the way but the code
        page.get_by_role("link", name="去开通").click()
        page.get_by_role("button", name="继续").click()
        app = pyotp.TOTP("".join(page.locator("p.mono .nobr").all_inner_texts()))
        page.get_by_role("textbox", name="验证码").fill(app.now())
        assert "code" in answer_to(page, embedded, "确认开通")
