"""prompt, max_age and id_token_hint: OpenID Connect Core §3.1.2.1, §3.1.2.6."""

import pytest

from tests.protocol.parties import Pkce, flow_of, landed


@pytest.fixture
def portal(op, frozen_clock):
    return op.portal()


@pytest.fixture
def person(op, portal):
    return op.person().sign_in()


def error_of(response):
    answer = landed(response).answer
    assert "code" not in answer
    assert answer["state"] == "st&ate=1"
    return answer["error"]


class TestNone:
    def test_not_signed_in_it_is_login_required(self, op, portal):
        assert error_of(op.visitor().authorize(portal, prompt="none")) == "login_required"

    def test_without_consent_it_is_consent_required(self, portal, person):
        assert error_of(person.authorize(portal, prompt="none", scope="openid email")) == "consent_required"

    def test_signed_in_it_is_answered_without_a_page(self, op, portal, person):
        op.consent(person, portal, "email")
        assert "code" in landed(person.authorize(portal, prompt="none", scope="openid email")).answer

    def test_older_than_max_age_it_is_login_required(self, portal, person, frozen_clock):
        frozen_clock.advance(minutes=2)
        assert error_of(person.authorize(portal, prompt="none", max_age="60")) == "login_required"


class TestLogin:
    @pytest.mark.parametrize("prompt", ["login", "login consent", "create", "create login"])
    def test_a_signed_in_person_signs_in_again_and_auth_time_moves(self, op, portal, person, frozen_clock, prompt):
        frozen_clock.advance(minutes=5)
        response = person.authorize(portal, prompt=prompt)
        flow = flow_of(response)
        assert response.headers["Location"].startswith("/login?")
        assert person.get(f"/authorize/resume?flow={flow}").headers["Location"].startswith("/login?")
        frozen_clock.advance(seconds=3)
        person.sign_in()
        response = person.get(f"/authorize/resume?flow={flow}")
        assert "code" in landed(response).answer

    def test_consent_is_asked_again_with_prompt_consent(self, op, portal, person, frozen_clock):
        op.consent(person, portal, "email")
        frozen_clock.advance(seconds=1)
        response = person.authorize(portal, prompt="consent", scope="openid email")
        assert response.headers["Location"].startswith("/consent?flow=")
        op.consent(person, portal, "email")
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow_of(response)}")).answer


class TestSelectAccount:
    def test_who_is_signed_in_chooses_and_goes_on(self, portal, person, frozen_clock):
        frozen_clock.advance(minutes=1)
        response = person.authorize(portal, prompt="select_account")
        flow = flow_of(response)
        assert response.headers["Location"] == f"/login/account?flow={flow}"
        assert person.get(f"/authorize/resume?flow={flow}").headers["Location"] == f"/login/account?flow={flow}"
        page = person.get(f"/login/account?flow={flow}").text
        assert "张三" in page
        assert f'href="/login?flow={flow}&amp;use=province"' in page
        response = person.send("/login/account", on=f"/login/account?flow={flow}", flow=flow)
        assert response.headers["Location"] == f"/authorize/resume?flow={flow}"
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow}")).answer

    def test_another_account_is_a_choice_too(self, op, portal, person, frozen_clock):
        mine = op.read(op.tokens(portal, person)["id_token"]).claims["sub"]
        frozen_clock.advance(minutes=1)
        pkce = Pkce()
        flow = flow_of(person.authorize(portal, pkce, prompt="select_account"))
        frozen_clock.advance(seconds=9)
        person.account_id = op.person().account_id
        person.sign_in()
        code = landed(person.get(f"/authorize/resume?flow={flow}")).answer["code"]
        assert op.read(op.redeem(portal, code, pkce).json["id_token"]).claims["sub"] != mine

    def test_nobody_signed_in_has_nothing_to_choose_from(self, op, portal):
        assert op.visitor().authorize(portal, prompt="select_account").headers["Location"].startswith("/login?")

    def test_with_login_the_chosen_account_signs_in_again(self, portal, person, frozen_clock):
        frozen_clock.advance(minutes=1)
        flow = flow_of(person.authorize(portal, prompt="select_account login"))
        person.send("/login/account", on=f"/login/account?flow={flow}", flow=flow)
        assert person.get(f"/authorize/resume?flow={flow}").headers["Location"] == f"/login?flow={flow}"

    def test_a_choice_is_of_no_use_for_another_flow_or_in_another_browser(self, op, portal, person, frozen_clock):
        frozen_clock.advance(minutes=1)
        first, second = (flow_of(person.authorize(portal, prompt="select_account")) for _ in range(2))
        person.send("/login/account", on=f"/login/account?flow={first}", flow=first)
        assert person.get(f"/authorize/resume?flow={second}").headers["Location"].startswith("/login/account?")
        other = op.person().sign_in()
        assert other.get(f"/login/account?flow={second}").status_code == 400
        assert other.send("/login/account", on="/account/preferences", flow=second).status_code == 400
        assert other.send("/login/account", on="/account/preferences").status_code == 400


class TestCreate:
    def test_it_leads_to_the_login_that_says_how(self, op, portal):
        visitor = op.visitor()
        page = visitor.get(visitor.authorize(portal, prompt="create").headers["Location"]).text
        assert "开通账号或登录" in page
        assert "还没有省统一账号？" in page

    def test_who_is_signed_in_is_asked_all_the_same(self, portal, person, frozen_clock):
        frozen_clock.advance(minutes=1)
        response = person.authorize(portal, prompt="create consent")
        assert response.headers["Location"].startswith("/login?")


class TestValues:
    @pytest.mark.parametrize("prompt", ["none login", "consent none", "none create", "Login", "login,consent", "x"])
    def test_what_does_not_exist_or_contradicts_itself_is_refused(self, portal, person, prompt):
        assert error_of(person.authorize(portal, prompt=prompt)) == "invalid_request"

    def test_words_may_repeat(self, portal, person):
        assert "code" in landed(person.authorize(portal, prompt="none none")).answer


class TestMaxAge:
    def test_a_sign_in_that_is_too_old_is_repeated_and_auth_time_is_the_new_one(self, op, portal, person, frozen_clock):
        first = op.read(op.tokens(portal, person)["id_token"]).claims["auth_time"]
        frozen_clock.advance(seconds=2)
        response = person.authorize(portal, max_age="1")
        assert response.headers["Location"].startswith("/login?")
        person.sign_in()
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow_of(response)}")).answer
        second = op.read(op.tokens(portal, person)["id_token"]).claims["auth_time"]
        assert second == first + 2

    def test_zero_always_asks_and_is_content_with_a_sign_in_since_the_request(self, portal, person, frozen_clock):
        frozen_clock.advance(seconds=1)
        response = person.authorize(portal, max_age="0")
        assert response.headers["Location"].startswith("/login?")
        person.sign_in()
        frozen_clock.advance(seconds=30)
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow_of(response)}")).answer

    def test_zero_asks_even_in_the_moment_of_the_sign_in(self, op, portal, person, frozen_clock):
        frozen_clock.advance(milliseconds=1)
        assert person.authorize(portal, max_age="0").headers["Location"].startswith("/login?")
        assert error_of(person.authorize(portal, max_age="0", prompt="none")) == "login_required"

    @pytest.mark.parametrize("max_age", ["-1", "1.5", "x", "1e3", "99999999999", "٣"])
    def test_what_is_no_number_of_seconds_is_refused(self, portal, person, max_age):
        assert error_of(person.authorize(portal, max_age=max_age)) == "invalid_request"

    def test_ten_thousand_seconds_do_not_ask_and_auth_time_stays(self, op, portal, person, frozen_clock):
        seen = []
        for _ in range(2):
            seen.append(op.read(op.tokens(portal, person, max_age="10000")["id_token"]).claims["auth_time"])
            frozen_clock.advance(minutes=5)
        assert seen[0] == seen[1]

    def test_the_default_max_age_of_the_client_holds(self, op, person, frozen_clock):
        portal = op.portal(default_max_age=60)
        frozen_clock.advance(minutes=2)
        assert person.authorize(portal).headers["Location"].startswith("/login?")
        assert "code" in landed(person.authorize(portal, max_age="600")).answer


class TestHint:
    def test_the_hinted_person_is_answered_at_once_with_the_same_sub(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        answer = op.tokens(portal, person, prompt="none", id_token_hint=hint)
        assert op.read(answer["id_token"]).claims["sub"] == op.read(hint).claims["sub"]

    def test_an_expired_hint_is_still_a_hint(self, op, portal, person, frozen_clock):
        hint = op.tokens(portal, person)["id_token"]
        frozen_clock.advance(hours=3)
        person.sign_in()
        assert "code" in landed(person.authorize(portal, prompt="none", id_token_hint=hint)).answer

    def test_another_person_signs_in_as_the_hinted_one_or_the_client_is_told(self, op, portal, person, frozen_clock):
        hint = op.tokens(portal, person)["id_token"]
        other = op.person().sign_in()
        frozen_clock.advance(seconds=5)
        assert error_of(other.authorize(portal, prompt="none", id_token_hint=hint)) == "login_required"
        response = other.authorize(portal, id_token_hint=hint)
        flow = flow_of(response)
        assert response.headers["Location"].startswith("/login?")
        other.sign_in()
        answer = landed(other.get(f"/authorize/resume?flow={flow}")).answer
        assert (answer["error"], answer["error_description"]) == (
            "login_required",
            "another person is signed in than the request names",
        )
        visitor = op.visitor()
        flow = flow_of(visitor.authorize(portal, id_token_hint=hint))
        visitor.account_id = person.account_id
        visitor.sign_in()
        assert "code" in landed(visitor.get(f"/authorize/resume?flow={flow}")).answer

    def test_a_hint_for_another_client_and_an_access_token_are_refused(self, op, portal, person):
        answer = op.tokens(portal, person)
        assert error_of(person.authorize(op.portal(), id_token_hint=answer["id_token"])) == "invalid_request"
        assert error_of(person.authorize(portal, id_token_hint=answer["access_token"])) == "invalid_request"


class TestPages:
    """login_hint, ui_locales, claims_locales and display: for the person who sees the pages (§3.1.2.1)."""

    def login_page(self, op, portal, **parameters):
        visitor = op.visitor()
        return visitor, visitor.get(visitor.authorize(portal, **parameters).headers["Location"])

    def test_a_login_hint_is_in_the_field_as_text(self, op, portal):
        _, page = self.login_page(op, portal, login_hint='a"><script>alert(1)</script>')
        assert 'value="a&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page.text
        assert "<script>alert" not in page.text

    @pytest.mark.parametrize(("length", "there"), [(200, True), (201, False)])
    def test_what_is_too_long_for_a_name_is_no_hint(self, op, portal, length, there):
        _, page = self.login_page(op, portal, login_hint="h" * length)
        assert ("h" * 200 in page.text) is there

    @pytest.mark.parametrize(
        ("ui_locales", "lang"),
        [
            ("en", "en"),
            ("EN-us zh-CN", "en"),
            ("fr-CA se en-GB", "en"),
            ("zh-hant-HK en", "zh-CN"),
            ("fr de", "zh-CN"),
            ("e", "zh-CN"),
            ("-", "zh-CN"),
        ],
        ids=range(7),
    )
    def test_ui_locales_choose_the_language_of_the_pages(self, op, portal, ui_locales, lang):
        visitor, page = self.login_page(op, portal, ui_locales=ui_locales)
        assert f'<html lang="{lang}"' in page.text
        assert f'<html lang="{lang}"' in visitor.get("/login").text

    def test_a_person_s_own_choice_goes_before(self, op, portal):
        visitor = op.visitor()
        visitor.http.set_cookie("ui_prefs", "lang=zh-CN", domain="127.0.0.1")
        page = visitor.get(visitor.authorize(portal, ui_locales="en").headers["Location"])
        assert '<html lang="zh-CN"' in page.text

    def test_the_language_is_forgotten_with_the_answer(self, op, portal, person, frozen_clock):
        frozen_clock.advance(minutes=1)
        flow = flow_of(person.authorize(portal, prompt="login", ui_locales="en"))
        assert '<html lang="en"' in person.get(f"/login?flow={flow}").text
        person.sign_in()
        assert '<html lang="en"' in person.get("/account/apps").text
        assert "code" in landed(person.get(f"/authorize/resume?flow={flow}")).answer
        assert '<html lang="zh-CN"' in person.get("/account/apps").text

    @pytest.mark.parametrize("display", ["page", "popup", "touch", "wap", "hologram"])
    def test_display_and_claims_locales_break_nothing(self, portal, person, display):
        answer = landed(person.authorize(portal, display=display, claims_locales="zh-CN fr xx-")).answer
        assert "code" in answer
