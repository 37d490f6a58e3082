"""The demo city and the demo portals alone, in a browser: the city is the portals' only identity provider here."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.browser import faults, person
from tests.servers import process

ROOT = Path(__file__).parents[2]
PASSWORD = "demo-city-2026"


class Demonstration:
    """Both processes, and what one needs to know of them."""

    def __init__(self, folder: Path) -> None:
        city_port, portal_port = process.free_port(), process.free_port()
        self.city = f"http://127.0.0.1:{city_port}"
        self.portal = f"http://127.0.0.1:{portal_port}"
        clients = [self._client("first", ""), self._client("second", "/second")]
        people = str(ROOT / "examples/city/people.ldif")
        city = {"port": city_port, "issuer": self.city, "people": people, "clients": clients}
        portal = {"port": portal_port, "url": self.portal, "issuer": self.city}
        portal |= {
            key: {"client_id": client["client_id"], "client_secret": client["client_secret"], "name": name}
            for key, name, client in zip(("portal", "second"), ("办事门户", "社保门户"), clients, strict=True)
        }
        self._running = [self._start(folder, "city", city), self._start(folder, "portal", portal)]

    def stop(self) -> None:
        for running in self._running:
            process.stop(running, process.signal.SIGTERM)

    def _client(self, name: str, path: str) -> dict[str, object]:
        url = self.portal + path
        return {
            "client_id": name,
            "client_secret": f"{name} portal's secret",
            "redirect_uris": [f"{url}/callback"],
            "post_logout_redirect_uris": [f"{url}/"],
        }

    def _start(self, folder: Path, name: str, config: dict[str, object]) -> "process.subprocess.Popen[bytes]":
        file, log = folder / f"{name}.json", folder / f"{name}.log"
        file.write_text(json.dumps(config), encoding="utf-8")
        running = process.start([sys.executable, "-m", f"examples.{name}", file], log, cwd=ROOT)
        process.wait_until(lambda: _healthy(f"http://127.0.0.1:{config['port']}"), running, log)
        return running


def _healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    started = Demonstration(tmp_path_factory.mktemp("examples"))
    yield started
    started.stop()


@pytest.fixture
def context(browser: Browser, demo: Demonstration) -> Iterator[BrowserContext]:
    with person(browser, demo.portal) as opened:
        yield opened


def request_url(demo: Demonstration, **changes: str) -> str:
    asked = {
        "client_id": "first",
        "redirect_uri": f"{demo.portal}/callback",
        "response_type": "code",
        "scope": "openid profile",
        "state": "a-state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636 Appendix B
        "code_challenge_method": "S256",
    }
    return f"{demo.city}/authorize?{urlencode({**asked, **changes})}"


def sign_in(page: Page, account: str = "linhaitang", password: str = PASSWORD) -> None:
    page.get_by_label("账号").fill(account)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def test_a_person_signs_in_sees_what_arrived_and_signs_out(context: BrowserContext, demo: Demonstration) -> None:
    page = context.new_page()
    page.goto(demo.portal)
    page.get_by_role("banner").get_by_role("link", name="登录").click()
    assert page.url.startswith(f"{demo.city}/authorize")
    sign_in(page, password="wrong")
    assert "账号或密码不正确" in page.get_by_role("alert").inner_text()
    sign_in(page)
    page.wait_for_url(f"{demo.portal}/")
    assert page.get_by_role("heading", level=1).inner_text() == "林海棠，您好"
    page.goto(f"{demo.portal}/claims")
    text = page.get_by_role("main").inner_text()
    assert "440001199003070020" in text
    assert "verified" in text
    page.get_by_role("button", name="退出").click()
    page.wait_for_url(f"{demo.portal}/?state=*")
    assert page.get_by_role("heading", level=1).inner_text() == "在网上办事，少跑一趟"
    page.goto(demo.city)
    assert "身份登录着" not in page.get_by_role("main").inner_text()


def test_the_second_portal_is_a_portal_of_its_own(context: BrowserContext, demo: Demonstration) -> None:
    page = context.new_page()
    page.goto(f"{demo.portal}/login")
    sign_in(page)
    page.wait_for_url(f"{demo.portal}/")
    page.goto(f"{demo.portal}/second/")
    assert "林海棠" not in page.content()
    page.get_by_role("banner").get_by_role("link", name="登录").click()
    page.get_by_role("button", name="以林海棠继续").click()
    page.wait_for_url(f"{demo.portal}/second/")
    assert page.get_by_role("heading", level=1).inner_text() == "林海棠，您好"
    names = {cookie["name"] for cookie in context.cookies()}
    assert names == {"city_session", "portal_first", "portal_second"}


def test_giving_up_at_the_city_is_explained_at_the_portal(context: BrowserContext, demo: Demonstration) -> None:
    page = context.new_page()
    page.goto(f"{demo.portal}/login")
    page.get_by_role("button", name="不登录，返回").click()
    page.wait_for_url(f"{demo.portal}/callback?*")
    assert "您没有同意提供信息" in page.get_by_role("alert").inner_text()
    assert "access_denied" in page.content()


def test_a_callback_of_another_browser_signs_nobody_in(context: BrowserContext, demo: Demonstration) -> None:
    page = context.new_page()
    answer = page.goto(f"{demo.portal}/callback?code=a-code&state=a-state")
    assert answer is not None
    assert answer.status == 400
    assert "不是在这个浏览器里开始的" in page.content()


def test_materials_nobody_asked_for_here_are_not_fetched(context: BrowserContext, demo: Demonstration) -> None:
    page = context.new_page()
    page.goto(f"{demo.portal}/login")
    sign_in(page)
    page.wait_for_url(f"{demo.portal}/")
    answer = page.goto(f"{demo.portal}/materials?code=a-code&state=a-state")
    assert answer is not None
    assert answer.status == 400


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "evil"])
def test_next_leads_nowhere_else(context: BrowserContext, demo: Demonstration, target: str) -> None:
    page = context.new_page()
    page.goto(f"{demo.portal}/login?{urlencode({'next': target})}")
    sign_in(page)
    page.wait_for_url(f"{demo.portal}/")


def test_a_form_of_another_page_is_refused(demo: Demonstration) -> None:
    assert requests.post(f"{demo.portal}/logout", timeout=5).status_code == 400
    assert requests.post(f"{demo.city}/authorize", data={"csrf_token": "forged"}, timeout=5).status_code == 400


class TestCity:
    @pytest.mark.parametrize(
        "changes",
        [{"redirect_uri": "https://evil.example/callback"}, {"client_id": "nobody"}, {"redirect_uri": ""}],
        ids=str,
    )
    def test_an_unregistered_address_is_told_nothing(self, demo: Demonstration, changes: dict[str, str]) -> None:
        answer = requests.get(request_url(demo, **changes), allow_redirects=False, timeout=5)
        assert answer.status_code == 400
        assert "Location" not in answer.headers

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": "profile"}, "invalid_scope"),
            ({"code_challenge": ""}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"prompt": "none"}, "login_required"),
        ],
        ids=str,
    )
    def test_a_wrong_request_comes_back_with_its_error(
        self, demo: Demonstration, changes: dict[str, str], error: str
    ) -> None:
        answer = requests.get(request_url(demo, **changes), allow_redirects=False, timeout=5)
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert (query["error"], query["state"], query["iss"]) == ([error], ["a-state"], [demo.city])

    def test_a_wrong_client_secret_gets_no_token(self, demo: Demonstration) -> None:
        form = {"grant_type": "authorization_code", "code": "x"}
        answer = requests.post(f"{demo.city}/token", data=form, auth=("first", "wrong"), timeout=5)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_every_page_of_the_city_can_be_used_by_everybody(browser: Browser, demo: Demonstration) -> None:
    for url in (demo.city, request_url(demo), request_url(demo, client_id="nobody"), f"{demo.city}/logout"):
        assert faults(browser, url, modes=("light",), reflow=False) == [], url


def test_every_page_of_the_portals_can_be_used_by_everybody(browser: Browser, demo: Demonstration) -> None:
    with person(browser, demo.portal) as opened:
        page = opened.new_page()
        page.goto(f"{demo.portal}/login")
        sign_in(page)
        page.wait_for_url(f"{demo.portal}/")
        state = opened.storage_state()
    for path in ("/", "/second/", "/apply/housing-fund", "/developers", "/signed-out", "/callback?error=access_denied"):
        assert faults(browser, demo.portal + path, modes=("light",), reflow=False) == [], path
    for path in ("/", "/claims", "/apply/housing-fund"):
        assert faults(browser, demo.portal + path, modes=("light",), state=dict(state), reflow=False) == [], path
