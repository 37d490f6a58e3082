"""Every page of the product, as it stands in the demonstration: nothing wrong in any mode, at any width."""

import re
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, StorageState

from tests.e2e.browser import faults, person
from tests.servers.demo import Demo

pytestmark = pytest.mark.xdist_group("embedded")

PUBLIC = (
    "/login",
    "/account/preferences",
    "/help",
    "/privacy",
    "/accessibility",
    "/nothing-here",
    "/demo/mail",
    "/developers/errors",
)
PERSONAL = (
    "/me",
    "/me/cases",
    "/me/certificates",
    "/me/materials",
    "/me/profile",
    "/me/messages",
    "/me/access",
    "/org",
    "/account/links",
    "/account/apps",
    "/account/devices",
    "/account/two-step",
    "/login/step-up",
    "/device",
    "/approvals",
    "/logout",
)
FIRST_LINKS = {  # a list, and which of its links leads to a page of another kind
    "/me/cases": r"^/me/cases/[0-9a-f]{32}$",
    "/me/certificates": r"^/me/certificates/[0-9a-f]{32}$",
    "/me/messages": r"^/me/messages/[0-9a-f]{32}$",
    "/org": r"^/org/[0-9a-f]{32}",
}


def sign_in(browser: Browser, demo: Demo, account: dict[str, str]) -> StorageState:
    with person(browser, demo.issuer) as context:
        page = context.new_page()
        page.goto(f"{demo.issuer}/login")
        page.get_by_label("手机号、身份证号或用户名").fill(account["login"])
        page.get_by_label("密码").fill(account["password"])
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url(lambda url: "/login" not in url)
        return context.storage_state()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, embedded: Demo) -> StorageState:
    """The legal representative: a person with cases and certificates, and with enterprises."""
    return sign_in(browser, embedded, embedded.account("何志强"))


@pytest.fixture(scope="module")
def operator(browser: Browser, embedded: Demo) -> StorageState:
    return sign_in(browser, embedded, embedded.sheet["admin"])


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page(browser: Browser, embedded: Demo, path: str) -> None:
    assert faults(browser, embedded.issuer + path) == []


@pytest.mark.parametrize("path", PERSONAL)
def test_a_personal_page(browser: Browser, embedded: Demo, signed_in: StorageState, path: str) -> None:
    assert faults(browser, embedded.issuer + path, state=signed_in) == []


@pytest.mark.parametrize("path", FIRST_LINKS)
def test_the_page_behind_a_list(browser: Browser, embedded: Demo, signed_in: StorageState, path: str) -> None:
    with person(browser, embedded.issuer, state=signed_in) as context:
        page = context.new_page()
        page.goto(embedded.issuer + path)
        links = [link.get_attribute("href") or "" for link in page.locator("main a").all()]
    behind = next(link for link in links if re.match(FIRST_LINKS[path], link))
    assert faults(browser, embedded.issuer + behind, state=signed_in) == []


ASKED: dict[str, dict[str, str]] = {  # by the page that asks: what the portal sends
    "/login/account": {"prompt": "select_account"},
    "/login": {"prompt": "create"},
    "/consent": {
        "prompt": "consent",
        "scope": "openid profile",
        "claims": '{"userinfo": {"id_number": {"essential": true}, "phone_number": null, "level": null}}',
    },
}


@pytest.mark.parametrize("path", ASKED)
def test_a_page_that_a_portal_sends_people_to(
    browser: Browser, embedded: Demo, signed_in: StorageState, path: str
) -> None:
    portal = embedded.sheet["portal"]
    asked = {
        "response_type": "code",
        "client_id": portal["client_id"],
        "redirect_uri": f"{portal['url']}/callback",
        "scope": "openid",
        "nonce": "n",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
        **ASKED[path],
    }
    with person(browser, embedded.issuer, state=signed_in) as context:
        page = context.new_page()
        page.goto(f"{embedded.issuer}/authorize?{urlencode(asked)}")
        address = page.url
    assert urlsplit(address).path == path
    assert faults(browser, address, state=signed_in) == []


@pytest.mark.parametrize("path", ["/admin/feeds", "/admin/clients"])
def test_an_operators_page(browser: Browser, embedded: Demo, operator: StorageState, path: str) -> None:
    assert faults(browser, embedded.issuer + path, state=operator) == []
