import re

import pytest
from flask import Flask

from kernel import format as formats
from kernel import i18n, policies, prefs, web
from kernel.prefs import CHOICES, Prefs

PAGE = "/account/preferences"


@pytest.fixture
def app(load_settings) -> Flask:
    app = Flask(__name__, root_path=str(i18n.FOLDER.parent))
    web.install(app, public="http://localhost", secret_key="k" * 40)
    i18n.install(app, folder=i18n.FOLDER, timezone="Asia/Shanghai")
    for part in (formats, prefs, policies):
        part.install(app)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def token(client) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)
    assert found
    return found[1]


def save(client, **fields):
    return client.post(PAGE, data={"csrf_token": token(client), **fields})


def opening_tag(client, path=PAGE) -> str:
    found = re.search(r"<html[^>]*>", client.get(path).text)
    assert found
    return found[0]


def test_a_cookie_comes_back_as_it_was_written():
    for name, values in CHOICES.items():
        for value in values:
            chosen = Prefs(**{name: value})
            assert prefs.read(prefs.write(chosen)) == chosen


def test_the_defaults_are_the_first_choices():
    assert prefs.write(Prefs()) == ""
    assert Prefs() == Prefs(**{name: values[0] for name, values in CHOICES.items()})


@pytest.mark.parametrize(
    "cookie",
    [
        "mode=huge",
        'mode=elder"><script>',
        "unknown=1",
        "&&==",
        "%ff%fe",
        "mode",
        "mode=elder&" * 100,
        "size=300",
        "lang=fr",
    ],
)
def test_what_a_cookie_must_not_say_is_not_heard(cookie):
    assert prefs.read(cookie) == Prefs()


def test_a_choice_is_written_into_the_page_by_the_server(client):
    assert opening_tag(client) == '<html lang="zh-CN">'
    save(client, mode="elder", contrast="high", size="150", theme="dark", cursor="large")
    tag = opening_tag(client)
    for attribute in ("mode=elder", "contrast=high", "size=150", "theme=dark", "cursor=large"):
        name, value = attribute.split("=")
        assert f'data-{name}="{value}"' in tag


def test_one_button_changes_one_thing(client):
    save(client, mode="elder")
    save(client, lang="en")
    tag = opening_tag(client)
    assert 'data-mode="elder"' in tag
    assert 'lang="en"' in tag


def test_the_language_chosen_comes_before_the_browsers(client):
    save(client, lang="zh-CN")
    assert 'lang="zh-CN"' in client.get(PAGE, headers={"Accept-Language": "en"}).text[:200]


def test_reset_forgets_everything(client):
    save(client, mode="elder")
    save(client, reset="1", mode="elder")
    assert opening_tag(client) == '<html lang="zh-CN">'


def test_the_cookie_lasts_a_year_and_is_not_for_scripts(client):
    cookie = save(client, mode="elder").headers["Set-Cookie"]
    assert "ui_prefs=mode=elder" in cookie
    assert "Max-Age=31536000" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


@pytest.mark.parametrize("target", ["/me/cases?status=open&page=2", "/login?next=/me"])
def test_it_goes_back_to_where_the_button_was(client, target):
    answer = save(client, mode="elder", next=target)
    assert (answer.status_code, answer.location) == (303, target)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\nb", "", "me"]
)
def test_it_never_leads_to_another_site(client, target):
    assert save(client, mode="elder", next=target).location == PAGE
    shown = client.get(PAGE, query_string={"saved": 1, "next": target}).text
    assert not re.search(r'href="[^"?]*(evil|javascript)', shown)


def test_without_the_forms_token_nothing_is_kept(client):
    answer = client.post(PAGE, data={"mode": "elder"})
    assert answer.status_code == 400
    assert not any(c.startswith("ui_prefs") for c in answer.headers.getlist("Set-Cookie"))


def test_after_saving_it_says_so_and_offers_the_way_back(client):
    page = client.get(PAGE, query_string={"saved": 1, "next": "/login"}).text
    assert 'role="status"' in page
    assert 'href="/login"' in page


@pytest.mark.parametrize("path", ["/privacy", "/accessibility", "/help"])
def test_anybody_may_read_the_policies(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 429, 500, 503])
def test_an_error_page_says_what_to_do_and_where_to_ask(app, status):
    with app.test_request_context("/somewhere"):
        page = app.jinja_env.get_template("error.html").render(
            status=status, message="发生了一件事", request_id="01a2b3", **prefs._context()
        )
    assert "发生了一件事" in page
    assert "01a2b3" in page
    assert "tel:12345" in page
    assert page.count("<h1") == 1


def test_from_500_on_the_error_page_asks_nobody_anything(app):
    def fail(*_args):
        raise AssertionError("the database and the session may both be away")

    class Away:
        __bool__ = __iter__ = __getattr__ = fail

    with app.test_request_context("/somewhere"):
        page = app.jinja_env.get_template("error.html").render(
            status=503, viewer=Away(), unread=Away(), nav=Away(), csrf_token=fail, **prefs._context()
        )
    assert "<h1" in page
