"""Pages for people under attack (IDENTITY §5): every route is found in the application, so a new one is tried too."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import csrf
from tests.protocol.fuzzing import FUZZ, NASTY, ask, parameters, sent, sound
from tests.protocol.parties import CALLBACK, ISSUER, flow_of

NAMES = parameters("idp")
VALUE = st.one_of(st.sampled_from(NASTY), st.text(max_size=40))
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
FROM_ANY_SITE = {"authorize.authorize_by_form", "logout.end_session_by_form"}


def routes(app, *modules, methods=frozenset({"GET"})):
    """(endpoint, rule, method) of what these packages serve to people."""
    found = [
        (rule.endpoint, rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & methods)
        if rule.endpoint != "static" and (app.view_functions[rule.endpoint].__module__ + ".").startswith(modules)
    ]
    return sorted(found, key=lambda route: (route[0], route[2]))


def address(app, rule, value="1"):
    text = value if value and "/" not in value else "x"
    return app.url_map.bind("127.0.0.1:8000").build(rule.endpoint, dict.fromkeys(rule.arguments, text))


def form_token(person):
    found = re.search(r'name="csrf_token" value="([^"]+)"', person.get("/login?use=province").text) or re.search(
        r'name="csrf_token" value="([^"]+)"', person.get("/logout").text
    )
    return found[1] if found else None


@pytest.fixture
def browsers(op):
    """Signed in as an administrator with rights to everything, signed in as anybody, and a visitor."""
    return [op.person(level=4, admin=True).sign_in(level=4), op.person(level=1).sign_in(level=1), op.visitor()]


def test_pages_get_anything(op, browsers):
    portal, pages, count = op.portal(), routes(op.app, "idp."), iter(range(10**6))
    assert len(pages) > 25
    flows = [flow_of(browser.authorize(portal, prompt="login")) for browser in browsers]

    @settings(FUZZ, max_examples=300)
    @given(
        st.sampled_from(pages),
        st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=4),
        VALUE,
        st.integers(0, 2),
        st.booleans(),
    )
    def fuzz(page, query, value, who, in_flow):
        _endpoint, rule, _method = page
        asked = ({"flow": flows[who]} if in_flow else {}) | sent(query)
        path = address(op.app, rule, sent({"v": value})["v"].strip("./?#"))
        response = ask(browsers[who].http, path, next(count), query_string=asked)
        sound(response, (path, asked, who), CALLBACK, "https://portal.example.gov.cn/bye")

    fuzz()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_each_parameter_of_the_sign_in_gets_each_value(op):
    """Every page that a person comes to on the way from a portal and back."""
    visitor, portal, number = op.visitor(), op.portal(), 0
    flow = flow_of(visitor.authorize(portal))
    places = ["/login", "/login/step-up", "/login/account", "/consent", "/authorize/resume", "/end_session", "/device"]
    for place in (*places, "/logout"):
        for name in ("flow", "next", "arrival", "of", "user_code", "level", "use", "post_logout_redirect_uri", "state"):
            for value in NASTY:
                number += 1
                asked = sent({"flow": flow, name: value})
                sound(ask(visitor.http, place, number, query_string=asked), (place, name, value), CALLBACK)


def test_forms_get_anything(op, browsers):
    forms, count = routes(op.app, "idp.", methods=WRITES), iter(range(10**6))
    portal = op.portal()

    @settings(FUZZ, max_examples=150)
    @given(
        st.sampled_from(forms),
        st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=5),
        st.integers(0, 2),
        st.booleans(),
    )
    def fuzz(page, fields, who, in_flow):
        _endpoint, rule, method = page
        person = browsers[who]
        token = form_token(person)
        if token is None:  # signed out by the last one
            token = form_token(person.sign_in() if person.account_id else person)
        asked = sent(fields) | {"csrf_token": token}
        if in_flow:
            begun = person.authorize(portal, prompt="login")
            asked |= {"flow": flow_of(begun)}
        response = ask(person.http, address(op.app, rule), next(count), method=method, data=asked)
        sound(response, (rule.rule, asked, who), CALLBACK)

    fuzz()


def test_queries_and_forms_that_are_none(op, browsers):
    """Bytes that are no UTF-8, half an escape, names without values, one name many times."""
    portal, count = op.portal(), iter(range(10**6))
    pages = [address(op.app, rule) for _name, rule, _method in routes(op.app, "idp.")]
    piece = st.one_of(
        st.sampled_from(
            ["%ff", "%fe%00", "%", "%u0041", "&", "&&", ";", "=", "==", "+", "[]", "%5B%5D=", "%e6%95", "\xff"]
        ),
        st.sampled_from(
            ["flow", "client_id", "redirect_uri", "scope", "next", "request_uri", "user_code", portal.client_id]
        ),
        st.binary(max_size=3).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw)),
    )

    @settings(FUZZ, max_examples=200)
    @given(
        st.sampled_from([*pages, "/authorize", "/end_session"]),
        st.lists(piece, max_size=12),
        st.integers(0, 2),
        st.booleans(),
    )
    def fuzz(path, pieces, who, by_form):
        raw = "".join(pieces)
        if by_form:
            kind = "application/x-www-form-urlencoded"
            body = f"csrf_token={form_token(browsers[who]) or ''}&{raw}".encode("latin-1")
            options = {"method": "POST", "data": body, "content_type": kind}
        else:
            options = {"query_string": raw}
        sound(ask(browsers[who].http, path, next(count), **options), (path, raw, who, by_form), CALLBACK)

    fuzz()


def test_cookies_get_anything(op):
    person = op.person().sign_in()
    good = person.http.get_cookie("kapok", domain="127.0.0.1").value
    printable = [value.encode("latin-1", "ignore").decode("latin-1") for value in NASTY if value.isprintable()]
    values = [*printable, *(f"s.{value}" for value in printable), *(f"a.{value}" for value in printable)]
    values += [
        good + "x",
        good[:-1],
        good.upper(),
        f"a.{good[2:]}",
        f"{good}; kapok={good}x",
        f"x; kapok={good}",
        '"' + good + '"',
    ]
    for number, value in enumerate(values):
        for path in ("/me", "/authorize", "/account/apps", "/logout"):
            headers = {"Cookie": f"kapok={value}; ui_prefs={value}"}
            sound(ask(op.machine, path, number, headers=headers), (path, value))


class TestForeignForms:
    """Every route that changes something, of every package (casdoor#1531)."""

    @pytest.fixture
    def forms(self, app):
        found = routes(app, "", methods=WRITES)
        assert len(found) > 20
        return [route for route in found if route[0] not in FROM_ANY_SITE]

    def test_those_that_any_site_may_send_are_two(self, app):
        assert {name for name, view in app.view_functions.items() if view in csrf._open} == FROM_ANY_SITE

    @pytest.mark.parametrize(
        ("headers", "token"),
        [
            ({}, None),
            ({"Origin": ISSUER}, None),
            ({"Origin": ISSUER}, "another"),
            ({"Origin": ISSUER}, ""),
            ({"Origin": "https://evil.example"}, "mine"),
            ({"Origin": "null"}, "mine"),
            ({"Origin": f"{ISSUER}.evil.example"}, "mine"),
            ({"Origin": "http://127.0.0.1:8001"}, "mine"),
            ({"Referer": f"{ISSUER}@evil.example/x"}, "mine"),
            ({"Sec-Fetch-Site": "cross-site"}, "mine"),
            ({"Origin": "https://evil.example", "Host": "evil.example", "X-Forwarded-Host": "evil.example"}, "mine"),
        ],
    )
    def test_none_is_taken(self, op, forms, headers, token):
        person = op.person(level=4, admin=True).sign_in(level=4)
        tokens = {"mine": form_token(person), "another": form_token(op.person().sign_in()), "": "", None: None}
        data = {"csrf_token": tokens[token], "do": "allow", "scope": "openid"}
        for name, rule, method in forms:
            response = person.http.open(
                address(op.app, rule),
                method=method,
                base_url=ISSUER,
                data={field: text for field, text in data.items() if text is not None},
                headers=headers,
            )
            assert response.status_code == 400, (name, response.status_code, response.headers.get("Location"))
        assert person.get("/account/apps").status_code == 200  # nobody was signed out

    def test_reading_changes_nothing(self, op, forms):
        """A link to what is done by a form does it not."""
        person = op.person(level=4, admin=True).sign_in(level=4)
        readable = {rule.rule for _name, rule, _method in routes(op.app, "")}
        for name, rule, _method in forms:
            if rule.rule not in readable:
                assert person.get(address(op.app, rule)).status_code in {404, 405}, name
