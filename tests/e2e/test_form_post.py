"""An answer by form (response_mode=form_post) in a real browser: past the page's policy, with and without script."""

from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Browser, Page, Request, Route

from tests.e2e.browser import person
from tests.servers.demo import Demo

pytestmark = pytest.mark.xdist_group("embedded")


class Portal:
    """The portal's callback, played here: it takes the form."""

    def __init__(self, page: Page, callback: str) -> None:
        self.got: list[Request] = []
        self.headers: list[dict[str, str]] = []
        page.route(f"{callback}*", self._take)

    def _take(self, route: Route) -> None:
        self.got.append(route.request)
        self.headers.append(route.request.all_headers())
        route.fulfill(status=200, content_type="text/html", body="<h1>taken</h1>")


def request_of(demo: Demo, **changes: str) -> tuple[str, str]:
    """An address that is answered at once, and the callback it is answered to."""
    callback = demo.sheet["portal"]["url"] + "/callback"
    query = {
        "response_type": "code",
        "client_id": demo.sheet["portal"]["client_id"],
        "redirect_uri": callback,
        "scope": "openid",
        "state": 'a&b"<i>中',
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
        "prompt": "none",
        "response_mode": "form_post",
        **changes,
    }
    return f"{demo.issuer}/authorize?{urlencode(query)}", callback


@pytest.mark.parametrize("script", [True, False])
def test_the_form_goes_to_the_portal_by_itself_or_by_its_button(
    browser: Browser, embedded: Demo, *, script: bool
) -> None:
    address, callback = request_of(embedded)
    with person(browser, embedded.issuer, script=script) as context:
        page = context.new_page()
        portal = Portal(page, callback)
        page.goto(address, wait_until="commit")
        if not script:
            page.get_by_role("button", name="继续").click()
        page.get_by_role("heading", name="taken").wait_for()
    assert len(portal.got) == 1
    sent = portal.got[0]
    assert sent.method == "POST"
    told = {name: value[0] for name, value in parse_qs(sent.post_data or "", strict_parsing=True).items()}
    assert told["error"] == "login_required"
    assert told["state"] == 'a&b"<i>中'
    assert told["iss"] == embedded.issuer
    assert portal.headers[0]["origin"] == embedded.issuer
    assert "state" not in portal.headers[0].get("referer", "")


def test_a_request_by_a_form_of_the_portal_is_answered_by_one(browser: Browser, embedded: Demo) -> None:
    """Cross-site in both directions, longer than any address."""
    _, callback = request_of(embedded)
    fields = {
        "response_type": "code",
        "client_id": embedded.sheet["portal"]["client_id"],
        "redirect_uri": callback,
        "scope": "openid",
        "state": "x" * 4000,
        "login_hint": "y" * 3900,
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
        "prompt": "none",
        "response_mode": "form_post",
    }
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    form = f'<form method="post" action="{embedded.issuer}/authorize">{inputs}<button>go</button></form>'
    with person(browser, embedded.issuer) as context:
        page = context.new_page()
        portal = Portal(page, callback)
        page.route(
            "https://portal.example/", lambda route: route.fulfill(status=200, content_type="text/html", body=form)
        )
        page.goto("https://portal.example/")
        page.get_by_role("button", name="go").click()
        page.get_by_role("heading", name="taken").wait_for()
    told = parse_qs(portal.got[0].post_data or "")
    assert told["error"] == ["login_required"]
    assert told["state"] == ["x" * 4000]
