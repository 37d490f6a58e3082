"""What people and machines send by mistake or malice: a clear answer in its surface's own form, never a 500."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.servers.demo import Demo

pytestmark = pytest.mark.xdist_group("embedded")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


_OPENER = urllib.request.build_opener(_Stay)


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, str, bytes]:
    """Status, content type, body; redirects are answers."""
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with _OPENER.open(request, timeout=60) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.status, refusal.headers.get_content_type(), refusal.read()


@pytest.fixture(scope="module")
def feed(embedded: Demo) -> dict[str, str]:
    found = embedded.sheet["feeds"][0]
    status, _type, body = ask(
        found["token_endpoint"],
        b"grant_type=client_credentials",
        Authorization=basic(found["client_id"], found["client_secret"]),
    )
    assert status == 200
    return {**found, "bearer": f"Bearer {json.loads(body)['access_token']}"}


def basic(client_id: str, secret: str) -> str:
    pair = f"{urllib.parse.quote_plus(client_id)}:{urllib.parse.quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def authorize(demo: Demo, **changes: str) -> tuple[int, str, bytes]:
    params = {
        "response_type": "code",
        "client_id": demo.sheet["portal"]["client_id"],
        "redirect_uri": demo.sheet["portal"]["url"] + "/callback",
        "scope": "openid",
        "state": "s",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
        **changes,
    }
    return ask(f"{demo.issuer}/authorize?{urllib.parse.urlencode(params)}")


def test_an_unknown_client_gets_a_page(embedded: Demo) -> None:
    status, kind, body = authorize(embedded, client_id="nobody")
    assert (status, kind) == (400, "text/html")
    assert "12345" in body.decode()


def test_an_unregistered_redirect_uri_gets_a_page_and_no_redirect(embedded: Demo) -> None:
    status, kind, _body = authorize(embedded, redirect_uri="https://attacker.example/callback")
    assert (status, kind) == (400, "text/html")


def test_wrong_client_credentials_get_an_oauth_error(embedded: Demo) -> None:
    token = embedded.sheet["feeds"][0]["token_endpoint"]
    status, kind, body = ask(token, b"grant_type=client_credentials", Authorization=basic("nobody", "wrong"))
    assert (status, kind, json.loads(body)["error"]) == (401, "application/json", "invalid_client")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'[{"SXBM": "1"', 400),
        ("application/json", b"[" * 5000, 400),
        ("application/json", b'{"no": "array"}', None),
        ("text/csv", b"who,knows\r\n1,2\r\n", 400),
        ("text/csv", b'ZJHM,XM\r\n"440199,"\x00\xff\r\n', None),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04 no workbook", 400),
        ("application/pdf", b"%PDF", 415),
        ("application/json", b" " * (20 << 20), 413),
    ],
)
def test_a_report_that_cannot_be_read_is_told_what_is_wrong(feed, content_type, body, status) -> None:
    answer, kind, text = ask(
        f"{feed['endpoint']}/profile", body, Authorization=feed["bearer"], Content_Type=content_type
    )
    assert answer == status if status else answer < 500
    if answer >= 400:
        assert kind == "application/problem+json"
        assert {"type", "title", "status", "detail"} <= set(json.loads(text))


def test_an_unknown_family_is_told_which_there_are(feed) -> None:
    status, kind, body = ask(
        f"{feed['endpoint']}/weather", b"[]", Authorization=feed["bearer"], Content_Type="application/json"
    )
    assert (status, kind) == (404, "application/problem+json")
    assert "certificate" in body.decode()


@pytest.mark.parametrize("bearer", ["", "Bearer nonsense", "Basic abc"])
def test_a_report_without_a_good_token_is_refused(feed, bearer) -> None:
    headers = {"Authorization": bearer} if bearer else {}
    status, kind, _body = ask(f"{feed['endpoint']}/profile", b"[]", Content_Type="application/json", **headers)
    assert (status, kind) == (401, "application/problem+json")


def test_a_wrong_password_is_told_beside_the_field_and_keeps_what_was_typed(browser, embedded: Demo) -> None:
    from tests.e2e.browser import person

    with person(browser, embedded.issuer) as context:
        page = context.new_page()
        page.goto(f"{embedded.issuer}/login")
        page.get_by_label("手机号、身份证号或用户名").fill("nobody-here")
        page.get_by_label("密码").fill("wrong")
        page.get_by_role("button", name="登录", exact=True).click()
        page.get_by_role("alert").wait_for()
        assert "账号或密码不正确" in page.get_by_role("alert").inner_text()
        assert page.get_by_label("手机号、身份证号或用户名").input_value() == "nobody-here"
        assert page.title().startswith("错误：")
