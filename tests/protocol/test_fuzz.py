"""Whatever is sent to the machine door or to /authorize, the answer is one of the protocol (IDENTITY §5).

Each parameter of a good request gets each nasty value; then many at once are spoilt, in ways that nobody thought of.
"""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.clients.metadata import Metadata
from idp.endpoint import endpoints
from tests.protocol.fuzz_requests import Requests
from tests.protocol.fuzzing import FUZZ, NASTY, ODD_JSON, ask, parameters, sent, sound
from tests.protocol.parties import CALLBACK

BYE = "https://portal.example.gov.cn/bye"
VALUE = st.one_of(st.sampled_from(NASTY), st.text(max_size=60))
AUTHORIZE = sorted(
    {*parameters("idp/authorize")}
    | {"response_type", "state", "nonce", "display", "ui_locales", "claims_locales", "login_hint", "city_hint"}
)
MACHINE = sorted(
    {*parameters("idp/grants", "idp/endpoints", "idp/cross_device", "idp/clients", "idp/registration")}
    | {
        "grant_type",
        "code",
        "code_verifier",
        "device_code",
        "auth_req_id",
        "refresh_token",
        "subject_token",
        "binding_message",
    }
)
HEADERS = [
    *("Authorization", "DPoP", "Content-Type", "Origin", "Accept", "Accept-Language", "Cookie", "Host", "Referer"),
    *("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Request-Id", "X-Client-Cert", "Content-Encoding", "Range"),
    *("Access-Control-Request-Headers", "If-None-Match", "X-HTTP-Method-Override", "X-Original-URL", "Sec-Fetch-Site"),
]


@pytest.fixture
def good(op):
    return Requests(op)


@pytest.fixture
def visitor(op):
    return op.visitor()


def members():
    return sorted(Metadata.model_fields)


def test_there_is_a_good_request_of_every_kind(op, good):
    """Otherwise the tests below knock at a closed door."""
    for kind in good.kinds():
        asked = good.make(kind)
        response = ask(op.machine, asked.path, **asked.options)
        waits = kind.startswith("token:") and (response.json or {}).get("error") == "authorization_pending"
        assert response.status_code < 300 or waits, (kind, response.text)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_each_parameter_of_each_endpoint_gets_each_value(op, good):
    for number, kind in enumerate(good.kinds()):
        asked = good.make(kind)
        for name in asked.form or {"x": ""}:
            for value in NASTY:
                response = ask(
                    op.machine,
                    asked.path,
                    number,
                    method=asked.method,
                    data=sent(asked.form | {name: value}),
                    headers=asked.headers,
                )
                number += 1  # noqa: PLW2901  # goes on counting
                sound(response, (kind, name, value))
                if response.status_code == 200 and kind.startswith(("token:", "revoke")):
                    asked = good.make(kind)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kind", ["register", "register_client"])
def test_each_member_of_a_registration_gets_each_value(op, good, kind):
    asked, number = good.make(kind), 0
    for name in [*members(), "software_statement", "client_secret", "client_name#zh", "x"]:
        for value in (*NASTY[::4], *([value] for value in NASTY[1::6]), *ODD_JSON):
            number += 1
            body = (asked.body or {}) | {name: value}
            response = ask(op.machine, asked.path, number, method=asked.method, json=body, headers=asked.headers)
            sound(response, (kind, name, value))
    encrypted = {"id_token_encrypted_response_alg": "RSA-OAEP-256", "id_token_encrypted_response_enc": "A256GCM"}
    for jwk in (
        {"kty": []},
        {"kty": {}},
        {"kty": "RSA", "crv": []},
        {"kty": "RSA", "use": {}},
        {"kty": "RSA", "alg": []},
    ):
        body = (asked.body or {}) | encrypted | {"jwks": {"keys": [jwk]}}
        response = ask(op.machine, asked.path, 0, method=asked.method, json=body, headers=asked.headers)
        assert sound(response, (kind, jwk)).status_code == 400


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("signed_in", [True, False])
def test_each_parameter_of_authorize_gets_each_value(good, visitor, signed_in):
    browser, number = good.person if signed_in else visitor, 0
    for name in AUTHORIZE:
        for value in NASTY:
            number += 1
            asked = sent(good.authorization() | {name: value})
            sound(ask(browser.http, "/authorize", number, query_string=asked), (name, value), CALLBACK)


def test_authorize_with_much_that_is_wrong(good, visitor):
    person, count = good.person, iter(range(10**6))

    @FUZZ
    @given(
        st.dictionaries(st.sampled_from(AUTHORIZE), VALUE, max_size=6),
        st.sets(st.sampled_from(sorted(good.authorization())), max_size=2),
        st.sampled_from(["GET", "POST", "POST", "HEAD", "PUT"]),
        st.sampled_from([person, visitor]),
        st.sampled_from([None, "query", "form_post", "jwt", "form_post.jwt"]),
    )
    def fuzz(changes, gone, method, browser, mode):
        asked = {n: v for n, v in good.authorization().items() if n not in gone}
        asked |= {"response_mode": mode} if mode else {}
        place = "data" if method in {"POST", "PUT"} else "query_string"
        response = ask(browser.http, "/authorize", next(count), method=method, **{place: sent(asked | changes)})
        sound(response, (changes, gone, method, mode), CALLBACK)

    fuzz()


def test_every_endpoint_with_much_that_is_wrong(op, good):
    kinds, count = good.kinds(), iter(range(10**6))
    made = {kind: good.make(kind) for kind in kinds}

    @settings(FUZZ, max_examples=400)
    @given(
        st.sampled_from(kinds),
        st.dictionaries(st.one_of(st.sampled_from(MACHINE), st.text(max_size=9)), VALUE, max_size=6),
        st.sampled_from(["form", "form", "form", "query", "json", "list", "multipart"]),
        st.booleans(),
        st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]),
    )
    def fuzz(kind, changes, place, named, method):
        asked = made[kind]
        values = sent(asked.form | changes) | (asked.body or {})
        options = {
            "form": {
                "data": {n: str(v) for n, v in values.items()},
                "content_type": "application/x-www-form-urlencoded",
            },
            "query": {"query_string": {n: str(v) for n, v in values.items()}},
            "json": {"json": values},
            "list": {"json": [values]},
            "multipart": {"data": {n: str(v) for n, v in values.items()}, "content_type": "multipart/form-data"},
        }[place]
        headers = asked.headers if named else {}
        response = ask(op.machine, asked.path, next(count), method=method, headers=headers, **options)
        sound(response, (kind, changes, place, named, method))

    fuzz()


def test_bodies_that_are_no_forms(op, good):
    paths, count = sorted({good.make(kind).path for kind in good.kinds()}), iter(range(10**6))
    kinds = ["application/x-www-form-urlencoded", "application/json", "application/jwt", "text/plain; charset=\xff", ""]

    @FUZZ
    @given(
        st.sampled_from(paths),
        st.one_of(st.binary(max_size=90), st.text('%&=;[]{}":,0' + string.ascii_letters).map(str.encode)),
        st.sampled_from(kinds),
    )
    def fuzz(path, body, kind):
        for headers in ({}, good.portal.basic, {"Authorization": f"Bearer {good.invitation}"}):
            response = ask(op.machine, path, next(count), method="POST", data=body, content_type=kind, headers=headers)
            sound(response, (path, body, kind))

    fuzz()


def test_headers(op, good, visitor):
    made, count = [good.make(kind) for kind in good.kinds()], iter(range(10**6))
    text = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
    value = st.one_of(st.sampled_from([v for v in NASTY if v.isprintable()]).map(latin), text)

    @settings(FUZZ, max_examples=200)
    @given(st.sampled_from(made), st.dictionaries(st.sampled_from(HEADERS), value, max_size=4), st.booleans())
    def fuzz(asked, headers, page):
        sent_headers = asked.headers | {name: v.strip() for name, v in headers.items()}
        if page:
            response = ask(
                visitor.http, "/authorize", next(count), query_string=good.authorization(), headers=sent_headers
            )
        else:
            response = ask(op.machine, asked.path, next(count), **asked.options | {"headers": sent_headers})
        sound(response, headers, CALLBACK)
        assert "evil.example" not in str(response.headers)

    fuzz()


def latin(text):
    return text.encode("latin-1", "ignore").decode("latin-1")


def test_paths(op):
    """Of discovery, of metadata of an interface, of a registered client, and beside all of them."""
    places = sorted({e.path.partition("<")[0] for e in endpoints().values()})
    count = iter(range(10**6))

    @FUZZ
    @given(st.sampled_from(places), VALUE, st.sampled_from(["GET", "POST", "DELETE", "OPTIONS"]))
    def fuzz(place, tail, method):
        for path in (f"{place}{tail}", f"{place}/{tail}", f"/{tail}{place}"):
            safe = "".join(c for c in path if c not in "?#\r\n\t").encode("utf-8", "ignore").decode()
            sound(ask(op.machine, safe, next(count), method=method), (place, tail, method))

    fuzz()
