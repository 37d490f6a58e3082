"""Signing in with a code after the password: what it reaches, and that nothing leads around it."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.models.account import Account
from idp.models.session import LoginSession
from idp.models.totp import TotpCredential
from kernel.db import reading, transaction
from tests.conftest import FrozenClock
from tests.flows.authenticator import Phone, enrolled
from tests.flows.people import ELSEWHERE, PASSWORD, Browser, Cities, arrival_of, entries, number, person
from tests.flows.test_sign_in_races import at_once
from tests.protocol.parties import Op, Person, Pkce

NewBrowser = Callable[..., Browser]
NUMBER = number(2)


@pytest.fixture
def owner(browser: Browser) -> str:
    return person(id_number=NUMBER, level=4)


@pytest.fixture
def phone(owner: str, frozen_clock: FrozenClock) -> Phone:
    return enrolled(owner)


def step_of(response: TestResponse) -> str:
    assert response.status_code == 303, response.text
    address = urlsplit(response.headers["Location"])
    assert address.path == "/login/second", response.headers["Location"]
    return parse_qs(address.query)["step"][0]


def half(browser: Browser, **fields: str) -> str:
    """The password given; the id under which the sign-in waits for its code."""
    return step_of(browser.sign_in("chenxl", **fields))


def give(browser: Browser, step: str, code: str) -> TestResponse:
    return browser.post("/login/second", on=f"/login/second?step={step}", step=step, code=code)


def standing() -> tuple[int, list[str]]:
    with reading() as db:
        row = db.scalars(select(LoginSession)).one()
        return row.level, row.amr


def told(app: Flask, browser: Browser, account_id: str) -> tuple[str, list[str]]:
    """``acr`` and ``amr`` as a portal gets them in the ID token."""
    op, pkce = Op(app), Pkce()
    visitor = Person(op, account_id)
    visitor.http = browser.http
    portal = op.portal(scope="openid")
    answer = op.redeem(portal, visitor.code(portal, pkce), pkce).json
    claims = op.read((answer or {})["id_token"]).claims
    return claims["acr"], claims["amr"]


def test_a_password_alone_is_level_two_whatever_the_account_is(app: Flask, browser: Browser, owner: str) -> None:
    browser.sign_in("chenxl")
    assert standing() == (2, ["pwd"])
    assert told(app, browser, owner) == ("2", ["pwd"])


def test_with_a_code_it_is_level_three(app: Flask, browser: Browser, owner: str, phone: Phone) -> None:
    response = give(browser, half(browser), phone.code())
    assert (response.status_code, response.headers["Location"]) == (303, "/me")
    assert standing() == (3, ["mfa", "otp", "pwd"])
    assert told(app, browser, owner) == ("3", ["mfa", "otp", "pwd"])
    assert [one.outcome for one in entries("login.password")] == ["second_step", "ok"]


def test_an_account_that_is_not_identified_stays_at_two(app: Flask, browser: Browser) -> None:
    made = person(login="hezq", name="何志强")
    found = enrolled(made)
    give(browser, step_of(browser.sign_in("hezq")), found.code())
    assert told(app, browser, made) == ("2", ["mfa", "otp", "pwd"])


def test_a_later_weaker_sign_in_lowers_what_is_told(
    app: Flask, browser: Browser, owner: str, phone: Phone, frozen_clock: FrozenClock
) -> None:
    give(browser, half(browser), phone.code())
    with transaction() as db:
        db.delete(db.get_one(TotpCredential, phone.app_id))
    frozen_clock.advance(minutes=1)
    browser.sign_in("chenxl", on="/logout")
    with reading() as db:
        assert db.scalars(select(LoginSession.auth_time)).one() == frozen_clock.now
    assert told(app, browser, owner) == ("2", ["pwd"])


def test_before_the_right_code_nobody_is_signed_in(browser: Browser, phone: Phone) -> None:
    before = browser.get("/login") and browser.cookie
    step = half(browser)
    assert not browser.signed_in
    page = browser.get(f"/login/second?step={step}")
    assert page.status_code == 200
    assert "陈晓岚" not in page.text
    assert give(browser, step, phone.wrong).status_code == 400
    assert not browser.signed_in
    assert give(browser, step, phone.code()).status_code == 303
    assert browser.signed_in
    assert browser.cookie != before


def test_who_has_no_password_learns_nothing_of_the_second_step(browser: Browser, phone: Phone) -> None:
    person(login="hezq", name="何志强")
    pages = [browser.sign_in(typed, "wrong password").text for typed in ("chenxl", "hezq", "nobody")]
    plain = [re.sub(r'(name="csrf_token" )?value="[^"]*"', "", text) for text in pages]
    assert plain[0] == plain[1] == plain[2]


def test_the_half_done_sign_in_belongs_to_its_browser(browser: Browser, phone: Phone, new_browser: NewBrowser) -> None:
    step, thief = half(browser), new_browser(ELSEWHERE)
    thief.get("/login")
    assert thief.get(f"/login/second?step={step}").status_code == 400
    refused = thief.post("/login/second", on="/login", step=step, code=phone.code())
    assert refused.status_code == 400
    assert "不是在这个浏览器里开始的" in refused.text
    assert not thief.signed_in
    assert give(browser, step, phone.code()).status_code == 303, "the thief has not used it up"


def test_it_is_over_after_five_minutes(browser: Browser, phone: Phone, frozen_clock: FrozenClock) -> None:
    step = half(browser)
    token = browser.token(f"/login/second?step={step}")
    frozen_clock.advance(minutes=4, seconds=50)
    assert browser.get(f"/login/second?step={step}").status_code == 200
    frozen_clock.advance(seconds=10)
    assert browser.post("/login/second", token=token, step=step, code=phone.code()).status_code == 400
    assert not browser.signed_in


def test_a_wrong_code_does_not_give_it_more_time(browser: Browser, phone: Phone, frozen_clock: FrozenClock) -> None:
    step = half(browser)
    frozen_clock.advance(minutes=4)
    give(browser, step, phone.wrong)
    frozen_clock.advance(minutes=1)
    assert browser.get(f"/login/second?step={step}").status_code == 400


def test_it_is_completed_once(browser: Browser, phone: Phone, frozen_clock: FrozenClock) -> None:
    step = half(browser)
    give(browser, step, phone.code())
    frozen_clock.advance(seconds=60)
    again = browser.post("/login/second", on="/logout", step=step, code=phone.code())
    assert again.status_code == 400


def test_a_code_is_good_once(browser: Browser, phone: Phone, new_browser: NewBrowser) -> None:
    code = phone.code()
    give(browser, half(browser), code)
    other = new_browser(ELSEWHERE)
    step = half(other)
    refused = give(other, step, code)
    assert refused.status_code == 400
    assert "已经用过" in refused.text
    assert give(other, step, phone.code(-1)).status_code == 400, "older than what was used"
    assert not other.signed_in
    assert give(other, step, phone.code(1)).status_code == 303
    assert [one.outcome for one in entries("login.code")] == ["used", "used"]


@pytest.mark.parametrize(("steps", "status"), [(-2, 400), (-1, 303), (1, 303), (2, 400)])
def test_a_clock_may_be_one_step_off(browser: Browser, phone: Phone, steps: int, status: int) -> None:
    assert give(browser, half(browser), phone.code(steps)).status_code == status


def test_one_code_in_twenty_browsers_signs_one_in(app: Flask, owner: str, phone: Phone) -> None:
    browsers = [Browser(app, f"192.0.2.{n}") for n in range(1, 21)]
    steps = [half(one) for one in browsers]
    tokens = [one.token(f"/login/second?step={step}") for one, step in zip(browsers, steps, strict=True)]
    code = phone.code()
    statuses = at_once(
        lambda b=b, s=s, t=t: b.post("/login/second", token=t, step=s, code=code)
        for b, s, t in zip(browsers, steps, tokens, strict=True)
    )
    assert statuses.count(303) == 1
    assert set(statuses) <= {303, 400, 429, 503}
    with reading() as db:
        assert len(db.scalars(select(LoginSession)).all()) == 1


def test_one_half_done_sign_in_in_ten_tabs_is_completed_once(app: Flask, browser: Browser, phone: Phone) -> None:
    step = half(browser)
    token = browser.token(f"/login/second?step={step}")
    cookie = browser.cookie
    assert cookie

    def tab(code: str) -> TestResponse:
        other = Browser(app)
        other.http.set_cookie("kapok", cookie, domain="127.0.0.1")
        return other.post("/login/second", token=token, step=step, code=code)

    codes = [phone.code(-1), phone.code(), phone.code(1)] * 3
    statuses = at_once(lambda code=code: tab(code) for code in codes)
    assert statuses.count(303) == 1
    with reading() as db:
        assert len(db.scalars(select(LoginSession)).all()) == 1


def test_five_wrong_codes_end_it(browser: Browser, phone: Phone) -> None:
    step = half(browser)
    pages = [give(browser, step, phone.wrong) for _try in range(5)]
    assert [response.status_code for response in pages] == [400] * 5
    assert ["还可以再试" in response.text for response in pages] == [False, True, True, True, False]
    assert "这次登录已经停止" in pages[4].text
    assert browser.post("/login/second", on="/login", step=step, code=phone.code()).status_code == 400
    assert not browser.signed_in


def test_wrong_codes_count_across_sign_ins(browser: Browser, phone: Phone, frozen_clock: FrozenClock) -> None:
    first = half(browser)
    for _try in range(5):
        give(browser, first, phone.wrong)
    refused = give(browser, half(browser), phone.wrong)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert "验证码停用到10:15" in refused.text
    assert give(browser, half(browser), phone.code()).status_code == 429
    frozen_clock.advance(minutes=15)
    assert give(browser, half(browser), phone.code()).status_code == 303


def test_others_cannot_lock_the_owner_out(browser: Browser, phone: Phone, new_browser: NewBrowser) -> None:
    give(browser, half(browser), phone.code())
    browser.post("/logout")
    thief = new_browser(ELSEWHERE)
    for _sign_in in range(2):
        step = half(thief)
        answers = [thief.post("/login/second", on="/login", step=step, code=phone.wrong) for _try in range(5)]
    assert 429 in {response.status_code for response in answers}
    assert give(browser, half(browser), phone.code(1)).status_code == 303


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1234567890" * 20])
def test_what_cannot_be_a_code_costs_no_try(browser: Browser, phone: Phone, code: str) -> None:
    step = half(browser)
    for _again in range(8):
        response = give(browser, step, code)
        assert response.status_code == 400
    assert "请输入身份验证器现在显示的6位数字" in response.text
    assert give(browser, step, phone.code()).status_code == 303


@pytest.mark.parametrize("step", ["", "x", "../..", "a" * 65, "中文", "a:b"])
def test_an_id_that_is_none_is_a_page(browser: Browser, step: str) -> None:
    browser.get("/login")
    assert (
        browser.get(
            "/login/second",
        ).status_code
        == 400
    )
    assert browser.post("/login/second", on="/login", step=step, code="123456").status_code == 400


def test_an_account_that_was_blocked_meanwhile_stays_outside(browser: Browser, owner: str, phone: Phone) -> None:
    step = half(browser)
    with transaction() as db:
        db.get_one(Account, owner).status = "blocked"
    assert give(browser, step, phone.code()).status_code == 403
    assert not browser.signed_in


def test_it_goes_where_the_sign_in_went(browser: Browser, phone: Phone) -> None:
    response = give(browser, half(browser, next="/account/apps"), phone.code())
    assert response.headers["Location"] == "/account/apps"


def test_a_city_s_sign_in_asks_for_no_code(browser: Browser, owner: str, phone: Phone, cities: Cities) -> None:
    cities.add("shenzhen")
    cities.says("u-1", name="陈晓岚", number=NUMBER, level="3")
    arrival = arrival_of(cities.arrive(browser, "shenzhen", "u-1"))
    proof = browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="prove", password=PASSWORD)
    step = step_of(proof)
    assert not browser.signed_in
    assert entries("link.create") == []
    give(browser, step, phone.code())
    assert standing() == (3, ["fed", "mfa", "otp", "pwd"])
    assert len(entries("link.create")) == 1
    browser.post("/logout")
    assert cities.arrive(browser, "shenzhen", "u-1").headers["Location"] == "/me"
    assert standing() == (3, ["fed"])


ACTS = (
    *("password", "wrong password", "no code", "wrong code", "spent code", "the code of another account"),
    *("the step of another browser", "reload", "the code at step-up", "a page", "the code as a password"),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=3, max_size=7))
def test_no_order_of_steps_leads_around_the_code(app: Flask, database: str, acts: list[str]) -> None:
    """Whatever is sent in whatever order, without a fresh code of the account's own app nobody is signed in."""
    serial = app.extensions["serial"] = app.extensions.get("serial", 0) + 1
    account_id = person(login=f"walker{serial}", name="陈晓岚")
    phone, other_phone = enrolled(account_id), enrolled(person(login=f"other{serial}", name="何志强"))
    with transaction() as db:
        db.get_one(TotpCredential, phone.app_id).last_step = 2_000_000_000  # every code it shows was used
    browser, stranger = Browser(app), Browser(app, ELSEWHERE)
    foreign = step_of(stranger.sign_in(f"walker{serial}"))
    step = "none"

    def second(sent_step: str, code: str) -> None:
        browser.post("/login/second", on="/login?use=province", step=sent_step, code=code)

    for act in acts:
        if act == "password":
            response = browser.sign_in(f"walker{serial}")
            step = step_of(response) if response.status_code == 303 else step
        elif act == "wrong password":
            browser.sign_in(f"walker{serial}", "wrong password")
        elif act == "reload":
            browser.get(f"/login/second?step={step}")
        elif act == "a page":
            browser.get("/account/two-step/add")
        elif act == "the code at step-up":
            browser.post("/login/step-up", on="/login?use=province", code=phone.code(), step=step)
        elif act == "the code as a password":
            browser.sign_in(f"walker{serial}", phone.code())
        else:
            sent = {"no code": "", "wrong code": phone.wrong, "the code of another account": other_phone.code()}
            second(foreign if act == "the step of another browser" else step, sent.get(act, phone.code()))
        assert not browser.signed_in, acts
