"""Stepping up for a portal, and the pages where authenticator apps are added and taken away."""

import html
import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from idp.login import authenticators
from idp.models.link import Link
from idp.models.session import LoginSession
from idp.models.totp import TotpCredential
from kernel import outbox
from kernel.db import reading, transaction
from tests.conftest import FrozenClock
from tests.flows.authenticator import Phone, enrolled
from tests.flows.people import ELSEWHERE, PASSWORD, Browser, Cities, entries, number, person
from tests.flows.test_consent_and_account import authorize, flow_of, portal
from tests.flows.test_second_step import give, half, standing
from tests.flows.test_sign_in_races import at_once

NewBrowser = Callable[..., Browser]
PAGE = "/account/two-step"
NUMBER = number(2)


@pytest.fixture
def owner(browser: Browser, frozen_clock: FrozenClock) -> str:
    return person(id_number=NUMBER, level=4)


@pytest.fixture
def inside(browser: Browser, owner: str) -> Browser:
    """A browser in which the owner has just signed in by password."""
    browser.sign_in("chenxl")
    return browser


def asked_to_step_up(browser: Browser) -> str:
    """A portal's request that waits in this browser; its flow."""
    return flow_of(browser.get(authorize(portal(), prompt="consent")))


def step_up(browser: Browser, flow: str, code: str) -> TestResponse:
    page = f"/login/step-up?flow={flow}"
    return browser.post("/login/step-up", on=page, flow=flow, code=code)


def add(browser: Browser, **fields: str) -> Phone:
    """Through the pages up to the picture; the phone that scanned it."""
    response = browser.post(f"{PAGE}/add", **fields)
    assert response.headers["Location"] == f"{PAGE}/confirm", response.text
    page = browser.get(f"{PAGE}/confirm").text
    address = urlsplit(html.unescape(re.findall(r'href="(otpauth://[^"]+)"', page)[0]))
    secret = parse_qs(address.query)["secret"][0]
    assert "".join(re.findall(r'<span class="nobr">([A-Z2-7]{4})</span>', page)) == secret
    return Phone(secret=secret)


def confirm(browser: Browser, code: str, **fields: str) -> TestResponse:
    return browser.post(f"{PAGE}/confirm", code=code, **fields)


def apps() -> list[TotpCredential]:
    with reading() as db:
        return list(db.scalars(select(TotpCredential).where(TotpCredential.confirmed_at.is_not(None))))


class TestStepUp:
    def test_a_code_lifts_the_session_there_is(self, inside: Browser, owner: str, frozen_clock: FrozenClock) -> None:
        phone, flow, before = enrolled(owner), asked_to_step_up(inside), inside.cookie
        with reading() as db:
            first = db.scalars(select(LoginSession.id)).one()
        signed_in = frozen_clock.now
        frozen_clock.advance(minutes=3)
        response = step_up(inside, flow, phone.code())
        assert response.headers["Location"] == f"/authorize/resume?flow={flow}"
        assert standing() == (3, ["mfa", "otp", "pwd"])
        assert inside.cookie != before
        with reading() as db:
            row = db.scalars(select(LoginSession)).one()
        assert (row.id, row.auth_time) == (first, signed_in), "a code alone is no new sign-in"
        assert [one.subject for one in entries("login.step_up")] == [first]
        assert inside.get(f"/login/step-up?flow={flow}").headers["Location"] == f"/authorize/resume?flow={flow}"

    def test_the_cookie_of_before_is_worth_nothing(self, inside: Browser, owner: str, new_browser: NewBrowser) -> None:
        phone, planted = enrolled(owner), inside.cookie
        assert planted
        inside.post("/login/step-up", on="/login/step-up", code=phone.code())
        thief = new_browser(ELSEWHERE)
        thief.http.set_cookie("kapok", planted, domain="127.0.0.1")
        assert not thief.signed_in

    def test_a_session_is_not_longer_for_it(self, inside: Browser, owner: str, frozen_clock: FrozenClock) -> None:
        phone = enrolled(owner)
        with reading() as db:
            before = db.scalars(select(LoginSession.expires_at)).one()
        frozen_clock.advance(minutes=5)
        inside.post("/login/step-up", on="/login/step-up", code=phone.code())
        with reading() as db:
            assert db.scalars(select(LoginSession.expires_at)).one() == before

    def test_a_city_s_sign_in_is_lifted_too(self, browser: Browser, owner: str, cities: Cities) -> None:
        source = cities.add("shenzhen")
        cities.says("u-1", name="陈晓岚", number=NUMBER, level="2")
        with transaction() as db:
            db.add(Link(account_id=owner, source_id=source, upstream_id="u-1", level=2))
        phone = enrolled(owner)
        cities.arrive(browser, "shenzhen", "u-1")
        assert standing() == (2, ["fed"])
        browser.post("/login/step-up", on="/login/step-up", code=phone.code())
        assert standing() == (3, ["fed", "mfa", "otp"])

    def test_one_code_lifts_one_of_twenty_sessions(self, app: Flask, owner: str) -> None:
        browsers = [Browser(app, f"192.0.2.{n}") for n in range(1, 21)]
        for one in browsers:
            one.sign_in("chenxl")
        phone = enrolled(owner)
        tokens = [one.token("/login/step-up") for one in browsers]
        code = phone.code()
        statuses = at_once(
            lambda b=b, t=t: b.post("/login/step-up", token=t, code=code) for b, t in zip(browsers, tokens, strict=True)
        )
        assert statuses.count(303) == 1
        assert set(statuses) <= {303, 400, 429, 503}
        with reading() as db:
            assert sorted(db.scalars(select(LoginSession.level))) == [2] * 19 + [3]

    def test_wrong_codes_are_limited(self, inside: Browser, owner: str) -> None:
        phone = enrolled(owner)
        answers = [
            inside.post("/login/step-up", on="/login/step-up", code=code) for code in [phone.wrong] * 6 + [phone.code()]
        ]
        assert [response.status_code for response in answers] == [400] * 5 + [429] * 2
        assert standing() == (2, ["pwd"])

    def test_without_an_app_it_leads_to_enrolment_and_back(self, inside: Browser) -> None:
        flow = asked_to_step_up(inside)
        page = inside.get(f"/login/step-up?flow={flow}").text
        assert "先开通两步验证" in page
        there = html.unescape(re.findall(r'href="(/account/two-step/add[^"]+)"', page)[0])
        back = parse_qs(urlsplit(there).query)["next"][0]
        assert parse_qs(urlsplit(back).query)["flow"] == [flow]
        phone = add(inside, on=there, next=back)
        assert confirm(inside, phone.code()).headers["Location"] == back
        assert inside.get(back).headers["Location"] == f"/authorize/resume?flow={flow}"
        assert standing() == (3, ["mfa", "otp", "pwd"])

    @pytest.mark.parametrize("level", ["5", "4"])
    def test_what_cannot_be_reached_is_said_plainly(self, inside: Browser, owner: str, level: str) -> None:
        enrolled(owner)
        flow = asked_to_step_up(inside)
        page = inside.get(f"/login/step-up?flow={flow}&level={level}").text
        assert "达不到要求的安全等级" in page
        assert 'name="code"' not in page
        declined = inside.post(
            "/login/step-up", on=f"/login/step-up?flow={flow}&level={level}", flow=flow, do="decline"
        )
        assert declined.headers["Location"] == f"/authorize/resume?flow={flow}"
        assert "error=" in inside.get(declined.headers["Location"]).headers["Location"]

    def test_an_account_of_level_two_reaches_nothing(self, browser: Browser) -> None:
        made = person(login="hezq", name="何志强")
        browser.sign_in("hezq")
        enrolled(made)
        page = browser.get("/login/step-up").text
        assert "您的账户是“二级" in page
        assert 'name="code"' not in page

    def test_a_city_that_vouches_for_more_is_offered(self, inside: Browser, owner: str) -> None:
        with transaction() as db:
            db.add(Link(account_id=owner, source_id="s", upstream_id="u", level=4))
        assert "请用城市账号登录" in inside.get("/login/step-up?level=4").text

    @pytest.mark.parametrize("level", ["", "0", "1", "2", "9", "³", "33", "x", "-3"])
    def test_a_senseless_level_is_the_usual_one(self, inside: Browser, owner: str, level: str) -> None:
        enrolled(owner)
        assert 'name="code"' in inside.get(f"/login/step-up?level={level}").text

    def test_another_browser_s_flow_is_over(self, inside: Browser, owner: str, new_browser: NewBrowser) -> None:
        phone = enrolled(owner)
        other = new_browser(ELSEWHERE)
        flow = asked_to_step_up(other)
        assert inside.get(f"/login/step-up?flow={flow}").status_code == 400
        for fields in ({"code": phone.code()}, {"do": "decline"}):
            assert inside.post("/login/step-up", on="/login/step-up", flow=flow, **fields).status_code == 400
        assert standing() == (2, ["pwd"]), "no code is taken for it"

    def test_who_is_not_signed_in_signs_in_first(self, browser: Browser, owner: str) -> None:
        response = browser.get("/login/step-up?next=/account/apps")
        assert response.headers["Location"] == "/login?next=%2Flogin%2Fstep-up%3Fnext%3D%2Faccount%2Fapps"


class TestAdding:
    def test_from_the_empty_page_to_a_sign_in_with_a_code(
        self, inside: Browser, owner: str, frozen_clock: FrozenClock
    ) -> None:
        assert "还没有开通两步验证" in inside.get(PAGE).text
        before, phone = inside.cookie, add(inside)
        assert apps() == []
        assert confirm(inside, phone.code(), label=" 我的 手机 ").headers["Location"] == PAGE
        page = inside.get(PAGE).text
        assert "两步验证已开通" in page
        assert "我的 手机" in page
        assert (inside.cookie != before, standing()) == (True, (3, ["mfa", "otp", "pwd"]))
        assert [one.details for one in entries("factor.added")] == [
            {"factor": "totp", "by": "self", "authenticator": apps()[0].id}
        ]
        with reading() as db:
            told = db.scalars(
                select(outbox.OutboxEvent.payload).where(outbox.OutboxEvent.name == "idp.factor_changed")
            ).one()
        assert told == {
            "account_id": owner,
            "factor": "totp",
            "change": "added",
            "by": "self",
            "authenticator": apps()[0].id,
            "left": 1,
        }
        inside.post("/logout")
        step = half(inside)
        assert give(inside, step, phone.code()).status_code == 400, "the code that confirmed it"
        frozen_clock.advance(seconds=30)
        assert give(inside, step, phone.code()).status_code == 303

    def test_the_secret_is_sealed_at_rest_and_shown_until_it_is_confirmed(self, inside: Browser) -> None:
        phone = add(inside)
        with reading() as db:
            raw = bytes(db.execute(text("SELECT secret FROM totp_credential")).scalar_one())
        assert phone.secret.encode() not in raw
        confirm(inside, phone.code())
        assert inside.get(f"{PAGE}/confirm").headers["Location"] == f"{PAGE}/add"
        assert phone.secret not in inside.get(PAGE).text

    def test_the_picture_needs_nothing_that_the_policy_forbids(self, inside: Browser) -> None:
        add(inside)
        response = inside.get(f"{PAGE}/confirm")
        assert re.search(r'<div class="qr"[^>]*><svg viewBox="[^"]+"><path stroke="#000" d="[^"]+"', response.text)
        assert " style=" not in response.text
        assert "style-src 'self'; img-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "no-store"

    def test_a_wrong_code_confirms_nothing(self, inside: Browser) -> None:
        phone = add(inside)
        refused = confirm(inside, phone.wrong, label="我的手机")
        assert refused.status_code == 400
        assert 'value="我的手机"' in refused.text
        assert apps() == []
        assert confirm(inside, phone.code()).status_code == 303

    def test_faults_are_told_at_once(self, inside: Browser) -> None:
        add(inside)
        page = confirm(inside, "12", label="长" * 21).text
        assert "请输入身份验证器现在显示的6位数字" in page
        assert "名称最多20个字" in page

    def test_what_was_begun_ends_after_ten_minutes(self, inside: Browser, frozen_clock: FrozenClock) -> None:
        phone = add(inside)
        token = inside.token(f"{PAGE}/confirm")
        frozen_clock.advance(minutes=10)
        assert inside.post(f"{PAGE}/confirm", token=token, code=phone.code()).headers["Location"] == f"{PAGE}/add"
        assert apps() == []

    def test_another_session_of_the_account_does_not_see_it(self, inside: Browser, new_browser: NewBrowser) -> None:
        add(inside)
        other = new_browser(ELSEWHERE)
        other.sign_in("chenxl")
        assert other.get(f"{PAGE}/confirm").headers["Location"] == f"{PAGE}/add"

    def test_what_is_begun_twice_counts_the_second_time(self, inside: Browser) -> None:
        first, second = add(inside), add(inside)
        assert confirm(inside, first.code()).status_code == 400
        assert confirm(inside, second.code()).status_code == 303
        with reading() as db:
            assert len(db.scalars(select(TotpCredential)).all()) == 1

    def test_after_ten_minutes_the_password_is_asked_again(self, inside: Browser, frozen_clock: FrozenClock) -> None:
        frozen_clock.advance(minutes=10)
        assert "请输入密码" in inside.get(f"{PAGE}/add").text
        for fields in ({}, {"password": ""}, {"password": "wrong password"}):
            assert inside.post(f"{PAGE}/add", **fields).status_code == 400
        assert add(inside, password=PASSWORD)

    def test_wrong_passwords_there_are_limited(self, inside: Browser, frozen_clock: FrozenClock) -> None:
        frozen_clock.advance(minutes=10)
        statuses = [inside.post(f"{PAGE}/add", password="wrong password").status_code for _try in range(7)]
        assert statuses == [400] * 5 + [429] * 2

    def test_who_has_no_password_signs_in_at_the_city_again(
        self, browser: Browser, cities: Cities, frozen_clock: FrozenClock
    ) -> None:
        cities.add("shenzhen")
        cities.says("u-1", name="陈晓岚", number=NUMBER, level="3")
        arrival = cities.arrive(browser, "shenzhen", "u-1").headers["Location"]
        browser.post("/link", on=arrival, arrival=arrival.partition("=")[2], do="open")
        frozen_clock.advance(minutes=11)
        page = browser.get(f"{PAGE}/add").text
        assert "请用城市账号再登录一次" in page
        assert browser.post(f"{PAGE}/add").status_code == 400
        there = urlsplit(html.unescape(re.findall(r'href="(/login/city/[^"]+)"', page)[0]))
        back = cities.arrive(browser, "shenzhen", "u-1", f"?{there.query}").headers["Location"]
        assert back == f"{PAGE}/add"
        confirm(browser, add(browser).code())
        assert standing() == (3, ["fed", "mfa", "otp"])

    def test_another_app_needs_a_code_of_the_first_however_fresh_the_sign_in(self, inside: Browser, owner: str) -> None:
        phone = enrolled(owner)
        assert "已有的身份验证器" in inside.get(f"{PAGE}/add").text
        for fields in ({}, {"password": PASSWORD}, {"code": phone.wrong}):
            assert inside.post(f"{PAGE}/add", **fields).status_code == 400
        second = add(inside, code=phone.code())
        confirm(inside, second.code())
        assert [app.label for app in apps()] == ["我的手机", "身份验证器"]

    def test_there_is_an_end_to_how_many(self, inside: Browser, owner: str) -> None:
        phones = [enrolled(owner) for _n in range(authenticators.MOST)]
        refused = inside.post(f"{PAGE}/add", code=phones[0].code())
        assert refused.status_code == 409
        assert "请先移除一个" in refused.text

    def test_other_devices_are_signed_out_where_it_is_ticked(self, inside: Browser, new_browser: NewBrowser) -> None:
        other = new_browser(ELSEWHERE)
        other.sign_in("chenxl")
        phone = add(inside)
        assert re.search(r'name="others" value="1" checked', inside.get(f"{PAGE}/confirm").text)
        confirm(inside, phone.code(), others="1")
        assert inside.signed_in
        assert not other.signed_in

    def test_other_devices_go_on_where_it_is_not(self, inside: Browser, new_browser: NewBrowser) -> None:
        other = new_browser(ELSEWHERE)
        other.sign_in("chenxl")
        confirm(inside, add(inside).code())
        assert other.signed_in

    @pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/\\evil.example"])
    def test_it_never_leads_to_another_site(self, inside: Browser, address: str) -> None:
        phone = add(inside, next=address)
        assert confirm(inside, phone.code()).headers["Location"] == PAGE


class TestRemoving:
    def test_a_fresh_code_takes_it_away(self, inside: Browser, owner: str, new_browser: NewBrowser) -> None:
        phone, other = enrolled(owner), new_browser(ELSEWHERE)
        give(other, half(other), phone.code())
        path = f"{PAGE}/{phone.app_id}/remove"
        assert "只用密码就能登录" in inside.get(path).text
        for code, status in (("", 400), (phone.wrong, 400), (phone.code(), 400), (phone.code(1), 303)):
            assert inside.post(path, code=code, others="1").status_code == status
        assert apps() == []
        assert "两步验证已关闭" in inside.get(PAGE).text
        assert not other.signed_in
        assert [(one.subject, one.account_id) for one in entries("factor.removed")] == [(owner, owner)]
        inside.post("/logout")
        assert inside.sign_in("chenxl").headers["Location"] == "/me"

    def test_of_two_the_other_stays(self, inside: Browser, owner: str) -> None:
        lost, kept = enrolled(owner, "旧手机"), enrolled(owner, "新手机")
        assert "其他身份验证器不受影响" in inside.get(f"{PAGE}/{lost.app_id}/remove").text
        assert inside.post(f"{PAGE}/{lost.app_id}/remove", code=kept.code()).status_code == 303
        assert [app.label for app in apps()] == ["新手机"]
        assert "这个身份验证器已移除" in inside.get(PAGE).text

    def test_nobody_else_s_can_be_taken_away(self, inside: Browser, owner: str) -> None:
        mine, theirs = enrolled(owner), enrolled(person(login="hezq", name="何志强"))
        assert inside.get(f"{PAGE}/{theirs.app_id}/remove").status_code == 404
        for code in (mine.code(), theirs.code()):
            response = inside.post(f"{PAGE}/{theirs.app_id}/remove", on=PAGE + "/add", code=code)
            assert response.status_code in {400, 404}
        assert len(apps()) == 2

    def test_an_operator_helps_who_has_lost_the_phone(self, app: Flask, inside: Browser, owner: str) -> None:
        enrolled(owner)
        runner = app.test_cli_runner()
        result = runner.invoke(args=["users", "remove-totp", " CHENXL "])
        assert json.loads(result.stdout) == {"id": owner, "removed": 1, "sessions_ended": 1}
        assert not inside.signed_in
        assert inside.sign_in("chenxl").headers["Location"] == "/me"
        assert [(one.subject, one.details["by"]) for one in entries("factor.removed") if one.details] == [
            (owner, "operator")
        ]
        for name, told in (("chenxl", "has no authenticator app"), ("nobody", "nobody signs in as")):
            again = runner.invoke(args=["users", "remove-totp", name])
            assert (again.exit_code, told in again.output) == (1, True)
