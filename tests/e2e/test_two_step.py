"""Two-step verification in a real browser: enrolled from the page, used at the sign-in, its pages without faults."""

from dataclasses import dataclass

import pyotp
import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.e2e.browser import faults, person
from tests.servers.demo import Demo

pytestmark = pytest.mark.xdist_group("embedded")

ADD, CONFIRM = "/account/two-step/add", "/account/two-step/confirm"


@dataclass(frozen=True, kw_only=True)
class Way:
    """Pages of one person's way, as they stood when the person was there."""

    addresses: dict[str, str]
    inside: StorageState
    half: StorageState


def password(page: Page, demo: Demo, account: dict[str, str]) -> None:
    page.goto(f"{demo.issuer}/login?use=province")
    page.get_by_label("手机号、身份证号或用户名").fill(account["login"])
    page.get_by_label("密码").fill(account["password"])
    page.get_by_role("button", name="登录", exact=True).click()


@pytest.fixture(scope="module")
def way(browser: Browser, embedded: Demo) -> Way:
    """Somebody steps up without an app, is led to add one, signs in with it, and begins to add another."""
    account = [one for one in embedded.sheet["accounts"] if one["kind"] == "province"][-1]  # nobody else's
    addresses = {"enrol": "/login/step-up", "reach": "/login/step-up?level=5", "begin": ADD}
    with person(browser, embedded.issuer) as context:
        page = context.new_page()
        password(page, embedded, account)
        page.goto(embedded.issuer + addresses["enrol"])
        page.get_by_role("link", name="去开通").click()
        page.get_by_role("button", name="继续").click()
        page.wait_for_url(f"**{CONFIRM}")
        app = pyotp.TOTP("".join(page.locator("p.mono .nobr").all_inner_texts()))
        assert app.secret in (page.get_by_role("link", name="就在这台手机上添加").get_attribute("href") or "")
        page.get_by_role("textbox", name="验证码").fill(app.now())
        page.get_by_label("同时退出其他设备").uncheck()
        page.get_by_role("button", name="确认开通").click()
        page.wait_for_url("**/me")
        page.goto(f"{embedded.issuer}/account/two-step")
        addresses["list"] = "/account/two-step"
        page.get_by_role("link", name="移除").click()
        addresses["remove"] = page.url.removeprefix(embedded.issuer)
        inside = context.storage_state()
    with person(browser, embedded.issuer) as context:
        page = context.new_page()
        password(page, embedded, account)
        page.wait_for_url("**/login/second?step=*")
        addresses["second"] = page.url.removeprefix(embedded.issuer)
        half = context.storage_state()
    return Way(addresses=addresses, inside=inside, half=half)


def test_the_page_that_asks_for_the_code(browser: Browser, embedded: Demo, way: Way) -> None:
    assert faults(browser, embedded.issuer + way.addresses["second"], state=way.half) == []


@pytest.mark.parametrize("name", ["reach", "list", "remove", "begin"])
def test_a_page_of_the_way(browser: Browser, embedded: Demo, way: Way, name: str) -> None:
    assert faults(browser, embedded.issuer + way.addresses[name], state=way.inside) == []
