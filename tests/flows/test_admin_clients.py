"""/admin/clients, /developers/errors, and the page of an error: what operators, developers and people read."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import update

from idp import oauth_errors
from idp.clients import change
from idp.models.client import ClientSecret
from kernel import clock
from kernel.db import transaction
from tests.protocol.parties import Op, Portal

KEYED = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://portal.example.gov.cn/jwks"}


@pytest.fixture
def op(app):
    return Op(app)


@pytest.fixture
def admin(op):
    return op.person(admin=True).sign_in()


def weak(page: str) -> str:
    """The words of the card on weaknesses."""
    found = re.search(r'id="h-weak".*?</section>', page, re.DOTALL)
    assert found
    return found[0]


class TestWho:
    @pytest.mark.parametrize("path", ["/admin/clients", "/admin/clients/x"])
    def test_administrators_and_nobody_else(self, op, path):
        assert op.visitor().get(path).status_code == 303
        assert op.person().sign_in().get(path).status_code == 403

    def test_an_unknown_client_is_not_found(self, admin):
        assert admin.get("/admin/clients/x").status_code == 404


class TestList:
    def test_empty(self, admin):
        assert "还没有应用" in admin.get("/admin/clients").text

    def test_every_client_with_its_state_and_method(self, op, admin):
        op.portal(client_name="甲门户")
        second = op.portal(client_name="乙门户", **KEYED)
        with transaction() as db:
            change.disable(db, second.client_id)
        page = admin.get("/admin/clients").text
        assert page.index("乙门户") < page.index("甲门户")
        for words in ("启用", "停用", "密码（请求头）", "密钥签名", f"/admin/clients/{second.client_id}"):
            assert words in page

    def test_search_takes_every_character_as_itself(self, op, admin):
        op.portal(client_name="深圳Portal 100%")
        op.portal(client_name="广州")
        for q, shown in (("portal", True), ("100%", True), ("%", True), ("_", False), ("深圳", True), ("无", False)):
            page = admin.http.get("/admin/clients", base_url="http://127.0.0.1:8000", query_string={"q": q}).text
            assert ("深圳Portal" in page) is shown, q
            assert "广州" not in page

    def test_pages_follow_one_another_and_nobody_is_left_out(self, op, admin):
        names = [f"门户{n:02d}号" for n in range(33)]
        for name in names:
            op.portal(client_name=name)
        first = admin.get("/admin/clients").text
        onward = re.search(r'href="(/admin/clients\?[^"]*after=[^"]*)"', first)
        second = admin.get(onward[1].replace("&amp;", "&")).text
        seen = [re.findall(r"门户\d\d号", page) for page in (first, second)]
        assert [len(set(found)) for found in seen] == [30, 3]
        assert set(seen[0]) | set(seen[1]) == set(names)
        assert admin.get("/admin/clients?after=%27%22").status_code == 200


class TestWeaknesses:
    def page(self, admin, portal: Portal) -> str:
        return admin.get(f"/admin/clients/{portal.client_id}").text

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"require_pkce": False}, "没有要求PKCE"),
            ({"token_endpoint_auth_method": "none"}, "公开客户端"),
            ({}, "用密码证明自己"),
            ({}, "密码没有到期日"),
            ({"redirect_uris": ["http://127.0.0.1:9000/cb"]}, "返回网址用http"),
            (
                {
                    "redirect_uris": ["cn.gov.app:/cb"],
                    "application_type": "native",
                    "token_endpoint_auth_method": "none",
                },
                "应用自己的协议名",
            ),
            ({"redirect_uris": ["https://a.gov.cn/cb", "https://b.gov.cn/cb"]}, "分属几个域名"),
            ({"id_token_signed_response_alg": "RS256"}, "RS256"),
            ({"subject_type": "public"}, "公开的用户标识"),
            ({}, "令牌没有绑定密钥"),
            ({"internal_network": True}, "内网"),
        ],
    )
    def test_each_is_told_and_only_where_it_is(self, op, admin, changes, words):
        assert words in weak(self.page(admin, op.portal(**changes)))
        strong = op.portal(security_profile="fapi2", **KEYED)
        assert words not in weak(self.page(admin, strong))

    def test_a_strong_client_has_none(self, op, admin):
        page = self.page(admin, op.portal(security_profile="fapi2", **KEYED))
        assert "没有发现" in weak(page)
        assert "FAPI 2.0" in page

    def test_two_live_secrets_are_told_with_their_days(self, op, admin):
        portal = op.portal()
        with transaction() as db:
            change.add_secret(db, portal.client_id)
        page = self.page(admin, portal)
        today = f"{clock.local(clock.now()):%Y-%m-%d}"
        assert f"有2个有效的密码，生成于{today}、{today}" in weak(page)
        assert page.count("有效") >= 2

    def test_a_secret_that_nobody_changes_is_told(self, op, admin):
        portal = op.portal()
        with transaction() as db:
            db.execute(update(ClientSecret).values(created_at=clock.now() - timedelta(days=400)))
        assert "一年多没有更换" in weak(self.page(admin, portal))

    def test_a_page_shows_what_was_registered_and_no_secret(self, op, admin):
        portal = op.portal(client_name="<b>门户</b>", purpose="为您办理业务", contacts=["ops@example.gov.cn"])
        page = self.page(admin, portal)
        assert "&lt;b&gt;门户&lt;/b&gt;" in page
        assert "<b>门户" not in page
        for words in ("为您办理业务", "ops@example.gov.cn", "contacts", portal.redirect_uri):
            assert words in page
        assert portal.secret not in page


class TestErrors:
    def test_the_page_has_a_place_for_every_code_in_both_languages(self, op):
        visitor = op.visitor()
        page = visitor.get("/developers/errors")
        assert page.status_code == 200
        for error in oauth_errors.ERRORS:
            assert f'id="{error.code}"' in page.text
            assert str(error.meaning) in page.text
        english = visitor.http.get(
            "/developers/errors", base_url="http://127.0.0.1:8000", headers={"Accept-Language": "en"}
        )
        assert f'id="{oauth_errors.ERRORS[0].code}"' in english.text

    def test_every_oauth_error_leads_there(self, op):
        machine = op.machine_client("feeds:cases")
        answers = [
            op.token(machine, grant_type="nonsense"),
            op.token(grant_type="client_credentials"),
            op.token(machine, grant_type="client_credentials", scope="feeds:persons"),
            op.machine.get("/token"),
            op.machine.post("/token", json={}),
            op.userinfo("nonsense"),
            op.machine.post("/register", json={}),
        ]
        for answer in answers:
            code = answer.json["error"]
            assert answer.json["error_uri"] == f"http://127.0.0.1:8000/developers/errors#{code}"
            assert code in oauth_errors.BY_CODE

    def test_what_is_no_error_or_no_oauth_has_none(self, op):
        machine = op.machine_client("feeds:cases")
        assert "error_uri" not in op.token(machine, grant_type="client_credentials").json
        assert "error_uri" not in op.machine.post("/feeds/v1/cases", json={}).json


class TestPages:
    """A person sees a sentence, a reference number and a way out, never a raw error."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "nobody"},
            {"client_id": None},
            {"client_id": ["a", "b"]},
            {"redirect_uri": "https://evil.example/cb"},
            {"redirect_uri": None},
            {"request_uri": "urn:ietf:params:oauth:request_uri:nothing"},
            {"scope": "openid " + "x" * 7000},
        ],
        ids=["unknown client", "no client", "two clients", "foreign redirect", "no redirect", "no request", "too long"],
    )
    def test_where_nobody_can_be_sent_back(self, op, changes):
        response = op.visitor().authorize(op.portal(), **changes)
        assert response.status_code == 400
        self.good(response)
        assert "提交" not in re.sub("<header.*</header>", "", response.text, flags=re.DOTALL)
        self.leads_the_developer_on(op, response)
        assert "evil.example" not in re.sub("<header.*</header>", "", response.text, flags=re.DOTALL)

    @staticmethod
    def leads_the_developer_on(op, response):
        line = re.search(
            r'给开发人员：<a class="mono" href="([^"#]+)#([^"]+)">(\w+)</a> ([^<]{10,})</p>', response.text
        )
        assert line, response.text
        assert line[2] == f"page-{line[3]}"
        page = op.visitor().get(line[1]).text
        assert f'id="{line[2]}">{line[3]}<' in page
        return line[3]

    def test_a_logout_that_is_not_followed(self, op):
        portal, person = op.portal(post_logout_redirect_uris=["https://portal.example.gov.cn/bye"]), op.person()
        person.sign_in()
        hint = op.tokens(portal, person)["id_token"]
        bye = "https://portal.example.gov.cn/bye"
        for query, code in (
            ({"client_id": portal.client_id, "post_logout_redirect_uri": bye}, "id_token_hint_missing"),
            ({"id_token_hint": "x"}, "invalid_id_token_hint"),
            ({"id_token_hint": hint, "client_id": "another"}, "invalid_id_token_hint"),
            ({"client_id": "nobody"}, "unknown_client"),
            (
                {"id_token_hint": hint, "post_logout_redirect_uri": f"{bye}?x"},
                "post_logout_redirect_uri_not_registered",
            ),
            (
                {"id_token_hint": hint, "post_logout_redirect_uri": bye, "state": "x" * 2001},
                "invalid_logout_request",
            ),
        ):
            response = person.get(f"/end_session?{urlencode(query)}")
            assert response.status_code == 400
            assert self.leads_the_developer_on(op, response) == code

    def test_a_flow_that_is_over(self, op):
        self.good(op.visitor().get("/authorize/resume?flow=nonsense"))

    def test_a_client_that_went_away_meanwhile(self, op):
        portal, person = op.portal(), op.person().sign_in()
        flow = re.search("flow=([^&]+)", person.authorize(portal, scope="openid email").headers["Location"])
        with transaction() as db:
            change.disable(db, portal.client_id)
        self.good(person.get(f"/authorize/resume?flow={flow[1]}"))

    def test_what_the_door_refuses_signs_nobody_out(self, op):
        person = op.person().sign_in()
        self.good(person.get("/help?x=%00"))
        assert person.get("/me").status_code == 200

    @staticmethod
    def good(response):
        assert response.status_code >= 400
        assert "Location" not in response.headers
        number = response.headers["X-Request-Id"]
        assert f'流水号：<span class="mono">{number}</span>' in response.text
        assert re.search(r"<h1[^>]*>[^<]+</h1>\s*<p>[^<]{10,}</p>", response.text)
        assert 'href="/"' in response.text
        assert "Traceback" not in response.text
        person_s = re.sub(r"<p[^>]*>给开发人员：.*?</p>", "", response.text)
        for code in oauth_errors.BY_CODE:
            assert code not in person_s
