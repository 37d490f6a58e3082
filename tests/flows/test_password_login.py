"""Signing in to the province's own account."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from idp.factors import password as factor
from idp.models.account import Account, LoginName
from idp.models.attempt import LoginCount
from idp.models.session import LoginSession
from idp.settings import SignInSettings
from kernel import outbox, settings
from kernel.db import reading, transaction
from tests.conftest import FrozenClock
from tests.flows.people import ELSEWHERE, HOME, PASSWORD, Browser, account, entries, number, person

NewBrowser = Callable[..., Browser]


def same_page(text: str) -> str:
    """A page without what differs between two browsers: its form token."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", text)


@pytest.mark.parametrize(
    "typed",
    [
        "chenxl",
        "CHENXL",
        " chenxl ",
        "13800006620",
        "+86 138-0000-6620",
        "１３８００００６６２０",
        number(2),
        number(2).lower(),
    ],
)
def test_one_field_takes_user_name_phone_and_id_number(browser: Browser, typed: str) -> None:
    person(phone="13800006620", id_number=number(2))
    response = browser.sign_in(typed)
    assert (response.status_code, response.headers["Location"]) == (303, "/me")
    assert browser.signed_in


def test_a_name_of_rare_characters_is_kept_and_shown(browser: Browser) -> None:
    made = person(login="lidi", name="李\U0002bdda")
    browser.sign_in("lidi")
    assert account(made).name == "李\U0002bdda"
    assert "李\U0002bdda" in browser.get("/logout").text


def test_the_session_is_new_at_every_sign_in(browser: Browser) -> None:
    person()
    browser.get("/login")
    before = browser.cookie
    browser.sign_in("chenxl")
    first = browser.cookie
    assert before
    assert first
    assert before != first
    with reading() as db:
        stored = db.scalars(select(LoginSession.secret_hash)).one()
    assert first.partition(".")[2] not in stored
    browser.sign_in("chenxl", on="/logout")
    assert browser.cookie != first


def test_a_planted_cookie_is_worth_nothing_after_the_sign_in(browser: Browser, new_browser: NewBrowser) -> None:
    person()
    attacker = new_browser(ELSEWHERE)
    attacker.get("/login")
    planted = attacker.cookie
    assert planted
    browser.http.set_cookie("kapok", planted, domain="127.0.0.1")
    browser.sign_in("chenxl")
    assert browser.cookie != planted
    assert not attacker.signed_in


def test_a_guessed_session_opens_nothing_and_is_taken_away(browser: Browser) -> None:
    browser.http.set_cookie("kapok", "s.guess", domain="127.0.0.1")
    assert browser.get("/account/links").headers["Location"].endswith("&ended=1")
    assert browser.cookie is None


def test_a_form_token_from_before_the_sign_in_is_refused_after_it(browser: Browser) -> None:
    person()
    token = browser.token("/login")
    browser.sign_in("chenxl")
    assert browser.post("/logout", token=token).status_code == 400
    assert browser.signed_in


def test_a_visitor_who_writes_nothing_leaves_no_session(browser: Browser) -> None:
    assert browser.get("/privacy").status_code == 200
    response = browser.http.get("/no-such-page", base_url="http://127.0.0.1:8000")
    assert response.status_code == 404


def test_unknown_account_and_wrong_password_get_the_same_bytes(app: Flask) -> None:
    person()
    pages = []
    for typed in ("chenxl", "nobody", "13999990000", number(77)):
        browser = Browser(app)
        for _again in range(4):
            response = browser.sign_in(typed, "wrong password")
        assert response.status_code == 400
        pages.append(same_page(response.text).replace(f'value="{typed}"', ""))
    assert pages[0] == pages[1] == pages[2] == pages[3]
    assert "还可以再试2次" in pages[0]


def test_the_hash_runs_whoever_is_named(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    person()
    person(login="city-born", name="黄桂芳", password=None)
    blocked = person(login="blocked", name="何志强")
    with transaction() as db:
        db.get_one(Account, blocked).status = "blocked"
    asked: list[str] = []
    real = factor._HASHER.verify

    def watched(stored: str, typed: str) -> bool:
        asked.append(stored)
        return real(stored, typed)

    class Counting:
        verify = staticmethod(watched)
        hash = staticmethod(factor._HASHER.hash)
        check_needs_rehash = staticmethod(factor._HASHER.check_needs_rehash)

    monkeypatch.setattr(factor, "_HASHER", Counting)
    for typed in ("chenxl", "nobody", "city-born", "blocked"):
        browser.sign_in(typed, "wrong password")
    assert len(asked) == 4
    assert len({stored.split("$")[3] for stored in asked}) == 1, "the dummy's cost is another"


@pytest.mark.parametrize("password", ["", "x" * 1025, "密" * 400])
def test_a_password_that_cannot_be_right_is_refused_before_anything_is_counted(
    browser: Browser, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person()
    monkeypatch.setattr(factor.Password, "prove", lambda *_args: pytest.fail("hashed"))
    assert browser.sign_in("chenxl", password).status_code == 400
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(LoginCount)) == 0


def test_a_null_character_is_refused(browser: Browser) -> None:
    person()
    assert browser.sign_in("chenxl", f"{PASSWORD}\0").status_code == 400
    assert browser.sign_in("chen\0xl").status_code == 400


def test_everything_missing_is_told_at_once(browser: Browser) -> None:
    text = browser.sign_in("", "").text
    assert "请填写手机号、身份证号或用户名" in text
    assert "请填写密码" in text
    assert "<title>错误：" in text


def test_the_pause_begins_after_six_tries_and_ends(browser: Browser, frozen_clock: FrozenClock) -> None:
    person()
    told = [browser.sign_in("chenxl", "wrong password").text for _try in range(6)]
    assert ["还可以再试" in text for text in told] == [False, False, True, True, True, False]
    assert "密码登录停用到10:15" in told[5]
    refused = browser.sign_in("chenxl")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    frozen_clock.advance(minutes=14)
    assert browser.sign_in("chenxl").status_code == 429
    frozen_clock.advance(minutes=2)
    assert browser.sign_in("chenxl").status_code == 303
    paused = entries("login.paused")
    assert len(paused) == 1


def test_the_pause_holds_the_pair_of_account_and_address_only(browser: Browser, new_browser: NewBrowser) -> None:
    person()
    person(login="hezq", name="何志强")
    for _try in range(7):
        browser.sign_in("chenxl", "wrong password")
    assert browser.sign_in("hezq").status_code == 303
    assert new_browser(ELSEWHERE).sign_in("chenxl").status_code == 303


def test_a_right_password_starts_the_count_over(browser: Browser) -> None:
    person()
    for _round in range(2):
        for _try in range(5):
            browser.sign_in("chenxl", "wrong password")
        assert browser.sign_in("chenxl").status_code == 303
        browser.post("/logout")


def test_a_known_device_gets_in_whatever_others_do(app: Flask, frozen_clock: FrozenClock) -> None:
    person()
    own = Browser(app, HOME)
    own.sign_in("chenxl")
    own.post("/logout")
    for n in range(40):
        Browser(app, f"203.0.113.{n}").sign_in("chenxl", "wrong password")
    own.address = "192.0.2.77"
    assert Browser(app, "192.0.2.200").sign_in("chenxl").status_code == 429, (
        "unknown devices are stopped by the wide cap"
    )
    assert own.sign_in("chenxl").status_code == 303


def test_a_known_device_has_its_own_limit(browser: Browser) -> None:
    person()
    browser.sign_in("chenxl")
    browser.post("/logout")
    for _try in range(6):
        browser.sign_in("chenxl", "wrong password")
    assert browser.sign_in("chenxl").status_code == 429


def test_one_address_cannot_try_everybody(app: Flask, load_settings: Callable[..., object], database: str) -> None:
    load_settings(DATABASE_URL=database, LOGIN_TRIES_ADDRESS="5")
    for n in range(5):
        assert Browser(app).sign_in(f"user{n}", "wrong password").status_code == 400
    assert Browser(app).sign_in("user9", "wrong password").status_code == 429


def test_neighbours_of_an_ipv6_subscriber_share_a_bucket(app: Flask) -> None:
    person()
    for n in range(6):
        Browser(app, f"2001:db8:1:2::{n}").sign_in("chenxl", "wrong password")
    assert Browser(app, "2001:db8:1:2:ffff::9").sign_in("chenxl").status_code == 429
    assert Browser(app, "2001:db8:1:3::1").sign_in("chenxl").status_code == 303


def test_a_blocked_account_is_told_only_to_who_knows_its_password(browser: Browser) -> None:
    made = person()
    with transaction() as db:
        db.get_one(Account, made).status = "blocked"
    assert "停用" not in browser.sign_in("chenxl", "wrong password").text
    refused = browser.sign_in("chenxl")
    assert (refused.status_code, "已经停用" in refused.text) == (403, True)
    assert not browser.signed_in


def test_blocking_an_account_ends_its_sessions_at_once(browser: Browser) -> None:
    made = person()
    browser.sign_in("chenxl")
    assert browser.signed_in
    with transaction() as db:
        db.get_one(Account, made).status = "blocked"
    assert not browser.signed_in


def test_a_weak_hash_is_renewed_at_the_next_sign_in(browser: Browser) -> None:
    from argon2 import PasswordHasher

    made = person()
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with transaction() as db:
        db.get_one(Account, made).password_hash = weak
    assert browser.sign_in("chenxl").status_code == 303
    renewed = account(made).password_hash
    assert renewed != weak
    assert "m=19456,t=2,p=1" in str(renewed)
    browser.post("/logout")
    assert browser.sign_in("chenxl").status_code == 303


def test_a_full_queue_answers_503_and_counts_nothing(browser: Browser) -> None:
    person()
    gate, limits = factor.gate(), settings.of(SignInSettings)
    rooms = [gate.room() for _place in range(limits.password_hashes_at_once + limits.password_queue)]
    for room in rooms:
        room.__enter__()
    try:
        refused = browser.sign_in("chenxl")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        assert 'value="chenxl"' in refused.text
    finally:
        for room in rooms:
            room.__exit__(None, None, None)
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(LoginCount)) == 0
    assert browser.sign_in("chenxl").status_code == 303


def test_the_audit_tells_every_outcome_and_no_name(browser: Browser) -> None:
    made = person()
    browser.sign_in("chenxl", "wrong password")
    browser.sign_in("nobody", "wrong password")
    browser.sign_in("chenxl")
    browser.post("/logout")
    found = entries("login.password")
    assert [(one.outcome, one.account_id) for one in found] == [("wrong", None), ("unknown", None), ("ok", made)]
    assert found[0].subject == made
    assert all(one.address == HOME for one in found)
    assert not any(secret in str(one.details) for one in found for secret in ("chenxl", "wrong password", PASSWORD))
    assert [one.account_id for one in entries("logout")] == [made]


def test_signing_in_is_an_event(browser: Browser) -> None:
    made = person()
    browser.sign_in("chenxl")
    with reading() as db:
        payload = db.scalars(select(outbox.OutboxEvent.payload).where(outbox.OutboxEvent.name == "idp.signed_in")).one()
    assert payload["account_id"] == made
    assert payload["method"] == "password"


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx"]
)
def test_next_never_leads_to_another_site(browser: Browser, address: str) -> None:
    person()
    browser.get("/login")
    assert browser.sign_in("chenxl", next=address).headers["Location"] == "/me"


def test_next_leads_back_to_the_page_that_asked(browser: Browser) -> None:
    person()
    refused = browser.get("/account/devices?a=1")
    assert refused.headers["Location"] == "/login?next=%2Faccount%2Fdevices%3Fa%3D1"
    response = browser.sign_in("chenxl", on=refused.headers["Location"], next="/account/devices?a=1")
    assert response.headers["Location"] == "/account/devices?a=1"


def test_the_form_carries_next_and_only_methods_that_exist(browser: Browser) -> None:
    text = browser.get("/login?next=/account/apps").text
    assert '<input type="hidden" name="next" value="/account/apps">' in text
    assert "短信" not in text
    assert "扫码" not in text


@pytest.mark.parametrize("elder", [False, True])
def test_a_session_ends_after_its_idle_time(browser: Browser, frozen_clock: FrozenClock, *, elder: bool) -> None:
    person()
    if elder:
        browser.http.set_cookie("ui_prefs", "mode=elder", domain="127.0.0.1")
    browser.sign_in("chenxl")
    idle = timedelta(minutes=30 if elder else 15)
    for _use in range(3):
        frozen_clock.advance(idle - timedelta(minutes=1))
        assert browser.signed_in
    frozen_clock.advance(idle)
    refused = browser.get("/account/links")
    assert refused.headers["Location"] == "/login?next=%2Faccount%2Flinks&ended=1"
    assert "您已退出登录" in browser.get(refused.headers["Location"]).text


def test_a_session_ends_however_much_it_is_used(browser: Browser, frozen_clock: FrozenClock) -> None:
    person()
    browser.sign_in("chenxl")
    for _quarter in range(71):
        frozen_clock.advance(minutes=10)
        assert browser.signed_in
    frozen_clock.advance(minutes=10)
    assert not browser.signed_in


def test_last_seen_is_written_once_a_minute(browser: Browser, frozen_clock: FrozenClock) -> None:
    person()
    browser.sign_in("chenxl")
    began = frozen_clock.now

    def seen() -> object:
        with reading() as db:
            return db.scalars(select(LoginSession.last_seen_at)).one()

    browser.get("/account/links")
    frozen_clock.advance(seconds=30)
    browser.get("/account/links")
    assert seen() == began
    frozen_clock.advance(seconds=31)
    browser.get("/account/links")
    assert seen() == frozen_clock.now


def test_signing_in_as_somebody_else_ends_the_first_session(browser: Browser) -> None:
    first = person()
    second = person(login="hezq", name="何志强")
    browser.sign_in("chenxl")
    browser.sign_in("hezq", on="/logout")
    with reading() as db:
        assert db.scalars(select(LoginSession.account_id)).all() == [second]
        assert first != second


def test_login_names_are_not_readable_in_the_database(browser: Browser) -> None:
    person(phone="13800006620", id_number=number(2))
    with reading() as db:
        rows = db.scalars(select(LoginName)).all()
    assert {row.kind: row.shown for row in rows} == {
        "username": "chenxl",
        "phone": "138****6620",
        "id_number": f"440199********{number(2)[-4:]}",
    }


def test_a_wrong_origin_or_no_token_is_refused(browser: Browser) -> None:
    person()
    token = browser.token("/login")
    data = {"account": "chenxl", "password": PASSWORD}
    for headers, extra in (({"Origin": "https://evil.example"}, {"csrf_token": token}), ({}, {})):
        response = browser.http.post("/login", base_url="http://127.0.0.1:8000", data=data | extra, headers=headers)
        assert response.status_code == 400
    assert not browser.signed_in
