"""redirect_uri is compared byte by byte, and until it is certain nothing is ever redirected (RFC 9700 §4.1, §4.11)."""

import pytest

from idp.clients import metadata
from kernel.errors import Invalid
from tests.protocol.parties import landed

REGISTERED = "https://portal.example.gov.cn/cb"

MUTATIONS = [
    # case
    "HTTPS://portal.example.gov.cn/cb",
    "https://Portal.example.gov.cn/cb",
    "https://portal.example.gov.cn/CB",
    "https://portal.example.gov.cn/c%62",
    # another host
    "https://evil.example/cb",
    "https://portal.example.gov.cn.evil.example/cb",
    "https://evil.example/portal.example.gov.cn/cb",
    "https://evilportal.example.gov.cn/cb",
    "https://sub.portal.example.gov.cn/cb",
    "https://portal.example.gov.cn./cb",
    "https://portal.example.gov.cn%2eevil.example/cb",
    "https://portal.example.gov.cn%00.evil.example/cb",
    "https://portal。example.gov.cn/cb",
    "https://pоrtal.example.gov.cn/cb",
    "https://xn--prtal-jye.example.gov.cn/cb",
    "//portal.example.gov.cn/cb",
    "///portal.example.gov.cn/cb",
    "/cb",
    "cb",
    # user names and what looks like one
    "https://portal.example.gov.cn@evil.example/cb",
    "https://evil.example@portal.example.gov.cn/cb",
    "https://portal.example.gov.cn:x@evil.example/cb",
    "https://portal.example.gov.cn:@portal.example.gov.cn/cb",
    "https://portal.example.gov.cn\\@evil.example/cb",
    "https://portal.example.gov.cn\\cb",
    "https:\\\\portal.example.gov.cn\\cb",
    "https:portal.example.gov.cn/cb",
    "https:/portal.example.gov.cn/cb",
    "https:///portal.example.gov.cn/cb",
    # ports
    "https://portal.example.gov.cn:443/cb",
    "https://portal.example.gov.cn:8443/cb",
    "https://portal.example.gov.cn:/cb",
    "https://portal.example.gov.cn:0/cb",
    "https://portal.example.gov.cn:65536/cb",
    # schemes
    "http://portal.example.gov.cn/cb",
    "javascript:alert(1)//portal.example.gov.cn/cb",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "file:///cb",
    "ftp://portal.example.gov.cn/cb",
    "view-source:https://portal.example.gov.cn/cb",
    # paths
    "https://portal.example.gov.cn",
    "https://portal.example.gov.cn/",
    "https://portal.example.gov.cn/cb/",
    "https://portal.example.gov.cn//cb",
    "https://portal.example.gov.cn/cb/..",
    "https://portal.example.gov.cn/x/../cb",
    "https://portal.example.gov.cn/./cb",
    "https://portal.example.gov.cn/cb/..;/evil",
    "https://portal.example.gov.cn/cb;x",
    "https://portal.example.gov.cn/cb%2f",
    "https://portal.example.gov.cn/%2e%2e/cb",
    "https://portal.example.gov.cn/cb%20",
    "https://portal.example.gov.cn/cb ",
    " https://portal.example.gov.cn/cb",
    "https://portal.example.gov.cn/cb\t",
    "https://portal.example.gov.cn/cb\r\nSet-Cookie: a=b",
    "https://portal.example.gov.cn/cbx",
    "https://portal.example.gov.cn/c",
    # queries and fragments
    "https://portal.example.gov.cn/cb?",
    "https://portal.example.gov.cn/cb?foo=bar",
    "https://portal.example.gov.cn/cb?code=stolen",
    "https://portal.example.gov.cn/cb#",
    "https://portal.example.gov.cn/cb#x",
    "https://portal.example.gov.cn/cb&x",
    "*",
    "https://*.example.gov.cn/cb",
    "null",
    "urn:ietf:wg:oauth:2.0:oob",
    "http://127.0.0.1/cb",
    "x" * 3000,
]


def _is_a_page(response):
    assert response.status_code == 400, (response.status_code, response.headers.get("Location"))
    assert "Location" not in response.headers
    assert "refresh" not in {name.lower() for name, _ in response.headers}
    assert response.mimetype == "text/html"
    return True


def test_no_mutation_of_the_registered_uri_is_accepted_and_none_is_ever_redirected_to(op):
    portal, person = op.portal(redirect_uris=[REGISTERED]), op.person().sign_in()
    assert landed(person.authorize(portal)).address.startswith(f"{REGISTERED}?code=")
    for uri in MUTATIONS:
        assert _is_a_page(person.authorize(portal, redirect_uri=uri)), uri


BROKEN = [
    {"response_type": None},
    {"response_type": "token"},
    {"response_type": "code token id_token"},
    {"response_type": "nonsense\r\n"},
    {"response_mode": "form_post"},
    {"response_mode": "form_post.jwt", "scope": "nonsense"},
    {"response_mode": "jwt", "scope": "nonsense"},
    {"response_mode": "nonsense"},
    {"scope": None},
    {"scope": "nonsense"},
    {"code_challenge": None},
    {"code_challenge_method": "plain"},
    {"prompt": "none"},
    {"prompt": "none login"},
    {"max_age": "x"},
    {"request": "e30.e30."},
    {"request_uri": "https://evil.example/r"},
    {"id_token_hint": "x"},
    {"state": ["a", "b"]},
    {"nonce": "a\x01"},
]


def test_an_unregistered_uri_is_not_redirected_to_whatever_else_is_wrong(op):
    portal = op.portal(redirect_uris=[REGISTERED])
    for person in (op.visitor(), op.person().sign_in()):
        for broken in BROKEN:
            assert _is_a_page(person.authorize(portal, redirect_uri="https://evil.example/cb", **broken)), broken
            assert _is_a_page(person.authorize(portal, redirect_uri=None, **broken)), broken


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_id": "x\u0000y"},
        {"client_id": "' OR 1=1 --"},
        {"client_id": "客户"},
        {"client_id": "x" * 500},
        {"redirect_uri": ["https://portal.example.gov.cn/cb", "https://portal.example.gov.cn/cb"]},
        {"redirect_uri": ["https://portal.example.gov.cn/cb", "https://evil.example/cb"]},
    ],
)
def test_an_unknown_client_or_a_repeated_address_is_a_page(op, changes):
    assert _is_a_page(op.person().sign_in().authorize(op.portal(redirect_uris=[REGISTERED]), **changes))


def test_a_repeated_client_id_is_a_page(op):
    portal = op.portal()
    assert _is_a_page(op.visitor().authorize(portal, client_id=[portal.client_id, portal.client_id]))


class TestRegistration:
    """What cannot be compared safely cannot be registered either."""

    REFUSED = (
        "https://portal.example.gov.cn/cb#",
        "https://portal.example.gov.cn/cb#x",
        "http://portal.example.gov.cn/cb",
        "https://*.example.gov.cn/cb",
        "https://portal.example.gov.cn/*",
        "https://user@portal.example.gov.cn/cb",
        "https://user:pw@portal.example.gov.cn/cb",
        "https://Portal.example.gov.cn/cb",
        "HTTPS://portal.example.gov.cn/cb",
        "https://portal.example.gov.cn./cb",
        "https://portal。example.gov.cn/cb",
        "https://portal.example.gov.cn/a/../cb",
        "https://portal.example.gov.cn/%2e%2e/cb",
        "https://portal.example.gov.cn/a%2fb",
        "https://portal.example.gov.cn/a%5cb",
        "https://portal.example.gov.cn/a%0d%0ab",
        "https://portal.example.gov.cn/a%zz",
        "https://portal.example.gov.cn\\cb",
        "https://portal.example.gov.cn/a b",
        "https://portal.example.gov.cn/中",
        "https://portal.example.gov.cn/a[1]",
        "https://portal.example.gov.cn/cb?a[]=1",
        "https://portal.example.gov.cn:/cb",
        "https://portal.example.gov.cn:0/cb",
        "https://portal.example.gov.cn:99999/cb",
        "https:///cb",
        "https:cb",
        "https://",
        "https://2130706433/cb",
        "https://127.1/cb",
        "https://0x7f000001/cb",
        "https://[::ffff:127.0.0.1/cb",
        "http://localhost.evil.example/cb",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "cn.gov.app:/cb",
        "//portal.example.gov.cn/cb",
        "/cb",
        "",
        "x" * 2000,
    )
    TAKEN = (
        "https://portal.example.gov.cn",
        "https://portal.example.gov.cn/",
        "https://portal.example.gov.cn/cb?a=b&c=%E4%B8%AD",
        "https://portal.example.gov.cn/cb?a%5B%5D=1&b=%e4%b8%ad%7e'()",
        "https://portal.example.gov.cn:8443/cb",
        "https://10.20.30.40/cb",
        "https://xn--fiq228c.cn/cb",
        "http://127.0.0.1:9001/callback",
        "http://localhost:9001/callback",
        "http://[::1]:9001/callback",
    )

    @pytest.mark.parametrize("uri", REFUSED)
    def test_refused(self, uri):
        with pytest.raises(Invalid) as refused:
            metadata.validate({"redirect_uris": [uri]})
        assert refused.value.code == "invalid_redirect_uri"
        assert set(refused.value.fields) == {"redirect_uris"}

    @pytest.mark.parametrize("uri", TAKEN)
    def test_taken(self, uri):
        assert metadata.validate({"redirect_uris": [uri]}).redirect_uris == [uri]

    @pytest.mark.parametrize("uri", TAKEN)
    def test_what_is_taken_is_gone_to_byte_by_byte(self, op, uri):
        portal, person = op.portal(redirect_uris=[uri]), op.person().sign_in()
        assert landed(person.authorize(portal)).address.startswith(f"{uri}{'&' if '?' in uri else '?'}code=")

    def test_native_applications_may_use_a_scheme_of_their_own_with_a_dot(self):
        native = {"application_type": "native", "token_endpoint_auth_method": "none"}
        assert metadata.validate({"redirect_uris": ["cn.gov.gd.app:/cb"], **native})
        for uri in ("javascript:/x", "app:/cb", "cn.gov.gd.app:cb"):
            with pytest.raises(Invalid):
                metadata.validate({"redirect_uris": [uri], **native})
