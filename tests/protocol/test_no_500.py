"""Whatever is sent, the answer is a refusal of the protocol or a page: never an error of ours."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.protocol.parties import ISSUER, Pkce

NASTY = st.sampled_from(
    [
        *(
            "",
            " ",
            "\0",
            "\r\n",
            "%",
            "%00",
            "é",
            "数",
            "\ud7ff",
            "\u202e",
            "'",
            '"',
            "<script>",
            "\\",
            "a" * 3000,
            "0",
        ),
        *("-1", "none", "login", "openid", "openid openid", "code", "S256", "query", "null", "[]", "{}", "e30.e30.e30"),
        *("127.0.0.1", "https://evil.example/", "//evil.example", "javascript:alert(1)"),
    ]
)
VALUE = st.one_of(NASTY, st.text(max_size=60))
FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

AUTHORIZE = [
    *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "acr_values"),
    *("code_challenge", "code_challenge_method", "response_mode", "id_token_hint", "login_hint", "request", "x"),
    *("claims", "claims_locales", "ui_locales", "display"),
]
TOKEN = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "client_id",
    "client_secret",
    "x",
]


def utf8(values):
    return {k: v.encode("utf-8", "ignore").decode() for k, v in values.items()}


def test_authorize(op):
    portal, person = op.portal(), op.person().sign_in()

    @FUZZ
    @given(st.dictionaries(st.sampled_from(AUTHORIZE), VALUE, max_size=5), st.sampled_from(["GET", "POST"]))
    def fuzz(changes, method):
        response = person.authorize(portal, method=method, **utf8(changes))
        assert response.status_code in {303, 400, 414}, (response.status_code, changes)
        if response.status_code == 303:
            assert response.headers["Location"].startswith((portal.redirect_uri, "/login?", "/consent?", "/authorize?"))

    fuzz()


def test_token(op):
    portal, person = op.portal(), op.person().sign_in()
    good = {
        "grant_type": "authorization_code",
        "code": person.code(portal, Pkce()),
        "redirect_uri": portal.redirect_uri,
        "code_verifier": "a" * 43,
    }

    @FUZZ
    @given(st.dictionaries(st.sampled_from(TOKEN), VALUE, max_size=5), st.booleans())
    def fuzz(changes, signed):
        form = {**good, **utf8(changes)}
        response = op.token(headers=portal.basic if signed else {}, **form)
        assert response.status_code in {400, 401}, (response.status_code, changes)
        assert response.json["error"]

    fuzz()


def test_headers_and_bodies(op):
    portal = op.portal()

    @FUZZ
    @given(st.binary(max_size=80), st.text(max_size=40), st.sampled_from(["/token", "/userinfo"]))
    def fuzz(body, header, path):
        for sent in (
            {},
            portal.basic,
            {"Authorization": header.encode("latin-1", "ignore").decode("latin-1").strip("\r\n\0 ")},
        ):
            if any(c in "\r\n" for c in sent.get("Authorization", "")):
                continue
            response = op.machine.post(
                path, base_url=ISSUER, data=body, headers=sent, content_type="application/x-www-form-urlencoded"
            )
            assert response.status_code in {400, 401, 403}, (response.status_code, body, sent)

    fuzz()
