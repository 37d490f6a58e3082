"""The people's door: guards, forms, headers, error pages."""

import json
import re
from pathlib import Path

import pytest
from flask import Blueprint, Flask, redirect, request
from flask_wtf.csrf import generate_csrf
from jinja2 import DictLoader
from sqlalchemy.exc import OperationalError

from kernel import csrf, headers, i18n, web
from kernel.door import Door
from kernel.errors import Conflict, Invalid, TooMany
from kernel.web import Access, blueprint, install_guard, safe_next

PUBLIC = "https://id.example.org"


def make_app(public=PUBLIC):
    app = Flask(__name__)
    app.jinja_loader = DictLoader({"error.html": "{{ status }} {{ message }} 流水号 {{ request_id }}"})
    web.install(app, public=public, secret_key="k" * 32)
    i18n.install(app, folder=Path("locale").absolute(), timezone="Asia/Shanghai")
    pages = blueprint("pages", __name__, access=Access.PUBLIC)

    @pages.get("/form")
    def form():
        return generate_csrf()

    @pages.route("/form", methods=["POST"])
    def submit():
        return f"got {request.form.get('name', '')}"

    @pages.post("/open")
    @csrf.from_any_site
    def open_to_all():
        return "taken"

    @pages.get("/consent")
    def consent():
        headers.allow_form_target(request.args["uri"])
        return "consent"

    @pages.get("/where")
    def where():
        return web.public_url("/me") + " " + request.host_url

    @pages.get("/fail/<kind>")
    def fail(kind):
        raise {
            "conflict": Conflict(detail="secret detail"),
            "many": TooMany(retry_after=60),
            "invalid": Invalid({"name": "请填写姓名"}),
            "database": OperationalError("SELECT 440524188001010014", {}, Exception("down")),
            "bug": ZeroDivisionError("440524188001010014"),
        }[kind]

    @pages.get("/stored")
    def stored():
        return "mine", {"Cache-Control": "private, max-age=5"}

    app.register_blueprint(pages)
    app.wsgi_app = Door([], app.wsgi_app, public_url=public)
    return app


@pytest.fixture
def app():
    return make_app()


@pytest.fixture
def client(app):
    return app.test_client()


def post(client, path="/form", *, data=None, token=True, **headers):
    values = dict(data or {})
    if token:
        values["csrf_token"] = client.get("/form", base_url=PUBLIC).text
    return client.post(path, data=values, headers=headers, base_url=PUBLIC)


def test_a_form_of_our_own_page_is_taken(client):
    answer = post(
        client, data={"name": "陈敏"}, Origin=PUBLIC, Referer=f"{PUBLIC}/form", **{"Sec-Fetch-Site": "same-origin"}
    )
    assert (answer.status_code, answer.text) == (200, "got 陈敏")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://id.example.org"},
        {"Origin": "https://id.example.org.evil.example"},
        {"Referer": "https://evil.example/id.example.org"},
        {"Referer": "https://id.example.org.evil.example/"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_a_token(client, headers):
    answer = post(client, **headers)
    assert answer.status_code == 400
    assert "没有提交" in answer.text


def test_a_view_may_take_forms_of_any_site(client):
    answer = post(client, "/open", token=False, Origin="https://portal.example", **{"Sec-Fetch-Site": "cross-site"})
    assert answer.text == "taken"


def test_a_form_without_a_token_or_with_anothers_is_refused_with_a_page(client, app):
    assert post(client, token=False).status_code == 400
    foreign = app.test_client().get("/form", base_url=PUBLIC).text
    answer = post(client, data={"csrf_token": foreign}, token=False)
    assert answer.status_code == 400
    assert "流水号" in answer.text


def test_a_route_of_an_unguarded_blueprint_stops_the_start(app):
    plain = Blueprint("plain", __name__)
    plain.add_url_rule("/open", view_func=lambda: "x")
    app.register_blueprint(plain)
    app.add_url_rule("/bare", view_func=lambda: "x")
    assert len(list(web.unguarded(app))) == 2
    assert list(web.unguarded(make_app())) == []


def test_the_guard_stands_before_every_view(app, monkeypatch):
    monkeypatch.setitem(web._guards, Access.SIGNED_IN, lambda: redirect("/login"))
    inner = blueprint("inner", __name__, access=Access.SIGNED_IN, url_prefix="/inner")
    inner.add_url_rule("/", view_func=lambda: "secret", methods=["GET", "POST"])
    app.register_blueprint(inner)
    answer = app.test_client().get("/inner/", base_url=PUBLIC)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_access_without_an_installed_guard_lets_nobody_in(app, monkeypatch):
    monkeypatch.delitem(web._guards, Access.ADMIN, raising=False)
    admin = blueprint("adm", __name__, access=Access.ADMIN)
    admin.add_url_rule("/adm", view_func=lambda: "secret")
    app.register_blueprint(admin)
    answer = app.test_client().get("/adm", base_url=PUBLIC)
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_a_guard_can_be_installed(monkeypatch):
    monkeypatch.setattr(web, "_guards", dict(web._guards))
    install_guard(Access.ADMIN, lambda: None)
    assert web._guard(Access.ADMIN) is None


def test_every_page_has_the_headers(client):
    answer = client.get("/form", base_url=PUBLIC)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "form-action 'self';" in policy
    assert "unsafe" not in policy
    assert "data:" not in policy
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(answer.headers["X-Request-Id"]) == 16


def test_an_error_page_has_them_too(client):
    answer = client.get("/nothing", base_url=PUBLIC)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_view_may_choose_its_own_caching(client):
    assert client.get("/stored", base_url=PUBLIC).headers["Cache-Control"] == "private, max-age=5"


def test_over_plain_http_there_is_no_hsts():
    client = make_app("http://127.0.0.1:8000").test_client()
    assert "Strict-Transport-Security" not in client.get("/form").headers


def test_a_page_may_let_its_form_end_at_one_more_origin(client):
    policy = client.get("/consent?uri=https://portal.example.org:8443/cb?x=1", base_url=PUBLIC).headers[
        "Content-Security-Policy"
    ]
    assert "form-action 'self' https://portal.example.org:8443;" in policy
    policy = client.get("/consent?uri=cn.gov.app:/cb", base_url=PUBLIC).headers["Content-Security-Policy"]
    assert "form-action 'self' cn.gov.app:;" in policy
    assert "form-action 'self';" in client.get("/form", base_url=PUBLIC).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "uri", ["https://a.example;script-src *", "https://a b/", "https://u@a/", "x", "", "/cb", "javascript:x", "a.b;c:x"]
)
def test_a_policy_cannot_be_widened_by_a_strange_target(client, uri):
    answer = client.get("/consent", query_string={"uri": uri}, base_url=PUBLIC)
    assert answer.status_code == 500
    assert "script-src *" not in answer.headers["Content-Security-Policy"]


def test_addresses_are_built_from_the_public_one_whatever_the_headers_say(client):
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=http"}
    assert client.get("/where", headers=forged).text == f"{PUBLIC}/me {PUBLIC}/"


@pytest.mark.parametrize(
    ("kind", "status"), [("conflict", 409), ("many", 429), ("invalid", 400), ("database", 503), ("bug", 500)]
)
def test_each_error_has_its_page_with_the_request_id_and_no_secrets(client, kind, status):
    answer = client.get(f"/fail/{kind}", base_url=PUBLIC)
    assert answer.status_code == status
    assert answer.content_type.startswith("text/html")
    assert answer.headers["X-Request-Id"] in answer.text
    for secret in ("secret detail", "440524188001010014", "ZeroDivision", "SELECT"):
        assert secret not in answer.text


def test_a_broken_error_page_is_replaced_by_a_plain_one(app):
    app.jinja_loader = DictLoader({"error.html": "{{ nobody.knows() }}"})
    answer = app.test_client().get("/fail/conflict", base_url=PUBLIC)
    assert answer.status_code == 409
    assert "内容已经被更改" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_who_asks_too_often_hears_when_to_come_back(client):
    assert client.get("/fail/many", base_url=PUBLIC).headers["Retry-After"] == "60"


def test_a_script_that_asks_for_json_gets_a_problem_document(client):
    answer = client.get("/fail/invalid", headers={"Accept": "application/json"}, base_url=PUBLIC)
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.text)["fields"] == {"name": "请填写姓名"}


def test_404_405_413_and_bad_requests_are_pages(client):
    assert client.get("/nothing", base_url=PUBLIC).status_code == 404
    answer = client.put("/form", base_url=PUBLIC)
    assert (answer.status_code, sorted(re.split(", ?", answer.headers["Allow"]))) == (
        405,
        ["GET", "HEAD", "OPTIONS", "POST"],
    )
    assert post(client, data={"name": "x" * 1_100_000}).status_code == 413


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"query_string": "a=%00"}, 400),
        ({"query_string": "a=" + "x" * 9000}, 414),
        ({"headers": {"Cookie": "a=" + "x" * 20_000}}, 431),
        ({"query_string": "a=%ff%fe&%=&&="}, 200),
        ({"headers": {"Cookie": "form=\x01\x02;;=;\xff"}}, 200),
        ({"headers": {"Accept-Language": ";;q=x,,zh;q=9"}}, 200),
    ],
)
def test_odd_requests_are_never_a_fault_of_ours(app, options, status):
    assert app.test_client(use_cookies=False).get("/form", base_url=PUBLIC, **options).status_code == status


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=%00", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=\xd6\xd0", "application/x-www-form-urlencoded; charset=gbk"),
        (b"no boundary", "multipart/form-data"),
        (b"--b\r\ngarbage", "multipart/form-data; boundary=b"),
        (b"{", "application/json"),
        (b"&".join(b"p%d=1" % n for n in range(20_000)), "application/x-www-form-urlencoded"),
    ],
)
def test_bodies_that_cannot_be_read_are_never_a_fault_of_ours(client, body, content_type):
    token = client.get("/form", base_url=PUBLIC).text
    answer = client.post("/form", data=body, content_type=content_type, headers={"X-CSRFToken": token}, base_url=PUBLIC)
    assert answer.status_code in {200, 400, 413}


def test_a_null_character_in_a_form_is_refused(client):
    assert post(client, data={"name": "a\0b"}).status_code == 400


def test_what_breaks_before_the_first_hook_is_a_page_too(app):
    class Broken(type(app.session_interface)):
        def open_session(self, app, request):
            raise OperationalError("SELECT", {}, Exception("down"))

    app.session_interface = Broken()
    answer = app.test_client().get("/form", base_url=PUBLIC)
    assert answer.status_code == 503
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize(
    "target", ["/", "/me", "/me/cases?status=open&page=2#top", "/authorize?redirect_uri=https%3A%2F%2Fa%2F"]
)
def test_a_path_on_this_site_may_be_next(target):
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "", None, "me", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/a\\b",
        "https://evil.example", "http:evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x",
        "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "/\x00",
        "/a\r\nX: y",
        "/\u2028", "@evil.example", "?next=//x", "#x", "/" + "a" * 3000,
    ],
)  # fmt: skip
def test_what_leads_elsewhere_may_not_be_next(target):
    assert safe_next(target, "/me") == "/me"
