"""Signing in at a city, and the rules by which its accounts are linked (IDENTITY §4 and §5)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, text

from connectors.contract import city
from idp import sweep
from idp.models.account import Account
from idp.models.link import Link
from idp.models.session import LoginSession
from kernel import outbox
from kernel.db import reading, transaction
from tests.conftest import FrozenClock
from tests.flows.people import (
    ELSEWHERE,
    PASSWORD,
    Browser,
    Cities,
    account,
    accounts_of,
    arrival_of,
    entries,
    number,
    person,
)

NewBrowser = Callable[..., Browser]
NAME, NUMBER = "陈晓岚", number(2)


def links() -> list[Link]:
    with reading() as db:
        return list(db.scalars(select(Link).order_by(Link.id)))


def events(name: str) -> list[dict[str, Any]]:
    with reading() as db:
        found = select(outbox.OutboxEvent.payload).where(outbox.OutboxEvent.name == name)
        return list(db.scalars(found.order_by(outbox.OutboxEvent.id)))


@pytest.fixture
def shenzhen(cities: Cities) -> Cities:
    """深圳 says that its account u-1 is 陈晓岚, checked at level 3."""
    cities.add("shenzhen")
    cities.says("u-1", name=NAME, number=NUMBER, level="3")
    return cities


def open_account(browser: Browser, cities: Cities, upstream_id: str = "u-1", code: str = "shenzhen") -> None:
    """First sign-in of somebody who has no account, to the end."""
    arrival = arrival_of(cities.arrive(browser, code, upstream_id))
    response = browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="open")
    assert response.status_code == 303, response.text


# First sign-in


def test_the_first_sign_in_shows_what_the_city_said_and_asks_once(browser: Browser, shenzhen: Cities) -> None:
    arrival = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1", "?next=/account/apps"))
    page = browser.get(f"/link?arrival={arrival}").text
    assert NAME in page
    assert NUMBER not in page
    assert "440199********" in page
    assert not browser.signed_in
    response = browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="open")
    assert response.headers["Location"] == "/account/apps"
    assert browser.signed_in
    browser.post("/logout")
    again = shenzhen.arrive(browser, "shenzhen", "u-1", "?next=/account/apps")
    assert (again.status_code, again.headers["Location"]) == (303, "/account/apps")
    assert browser.signed_in


def test_an_account_born_of_an_authoritative_city_is_identified(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    (made,) = accounts_of(NAME)
    assert made.party_key
    assert (made.level, made.own_level, made.id_number, made.password_hash) == (3, 2, NUMBER, None)
    assert [(one.upstream_id, one.level, one.party_key) for one in links()] == [("u-1", 3, made.party_key)]
    assert events("idp.identity_verified") == [{"account_id": made.id, "party_key": made.party_key}]
    assert [event["party_key"] for event in events("idp.account_linked")] == [made.party_key]
    assert [entry.details["how"] for entry in entries("link.create") if entry.details] == ["new"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param({}, {"name": NAME}, id="no number"),
        pytest.param({}, {"name": NAME, "number": NUMBER[:-1] + "5", "level": "3"}, id="wrong check digit"),
        pytest.param({"authoritative_for": []}, {"name": NAME, "number": NUMBER, "level": "3"}, id="not authoritative"),
        pytest.param({}, {"name": NAME, "number": NUMBER, "level": "2"}, id="the city did not check this person"),
        pytest.param({}, {"number": NUMBER, "level": "3"}, id="no name"),
    ],
)
def test_what_nobody_vouches_for_identifies_nobody(
    browser: Browser, cities: Cities, source: dict[str, Any], said: dict[str, str]
) -> None:
    owner = person(id_number=NUMBER)
    cities.add("shenzhen", **source)
    cities.says("u-1", **said)
    open_account(browser, cities)
    with reading() as db:
        (made,) = db.scalars(select(Account).where(Account.id != owner))
    assert (made.party_key, made.level) == (None, 2)
    assert browser.get("/account/links").status_code == 200
    assert events("idp.identity_verified") == [{"account_id": owner, "party_key": account(owner).party_key}]


def test_what_is_too_long_to_keep_breaks_nothing(browser: Browser, cities: Cities) -> None:
    cities.add("shenzhen")
    cities.says("u-1", name="长" * 500)
    cities.told["u-1"] = replace(cities.told["u-1"], session_hint="s" * 5000)
    page = "/account/apps?" + "a" * 1900
    arrival = arrival_of(cities.arrive(browser, "shenzhen", "u-1", f"?next={quote(page)}"))
    opened = browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="open")
    assert opened.headers["Location"] == page
    assert len(accounts_of("长" * 120)) == 1


def test_a_level_is_capped_by_the_source(browser: Browser, cities: Cities) -> None:
    cities.add("shenzhen", level_cap=3)
    cities.says("u-1", name=NAME, number=NUMBER, level="4")
    open_account(browser, cities)
    assert accounts_of(NAME)[0].level == 3


# Matching: by number and name alone, and never without proof


def test_a_match_asks_for_the_proof_of_the_old_account(browser: Browser, shenzhen: Cities) -> None:
    owner = person(id_number=NUMBER, level=4)
    arrival = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1", "?next=/account/apps"))
    page = browser.get(f"/link?arrival={arrival}").text
    assert "您已经有一个账号（chenxl）" in page
    assert not links()
    on = f"/link?arrival={arrival}"
    wrong = browser.post("/link", on=on, arrival=arrival, do="prove", password="wrong password")
    assert (wrong.status_code, "账号或密码不正确" in wrong.text, browser.signed_in) == (400, True, False)
    right = browser.post("/link", on=on, arrival=arrival, do="prove", password=PASSWORD)
    assert (right.status_code, right.headers["Location"]) == (303, "/account/apps")
    assert [(one.account_id, one.upstream_id, one.level) for one in links()] == [(owner, "u-1", 3)]
    assert account(owner).level == 4
    assert [entry.details["how"] for entry in entries("link.create") if entry.details] == ["proven"]
    browser.post("/logout")
    assert shenzhen.arrive(browser, "shenzhen", "u-1").headers["Location"] == "/me"


def test_nobody_with_a_match_can_have_a_second_account_instead(browser: Browser, shenzhen: Cities) -> None:
    person(id_number=NUMBER)
    arrival = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1"))
    refused = browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="open")
    assert refused.status_code == 409
    assert len(accounts_of(NAME)) == 1
    assert not browser.signed_in


def test_names_match_in_every_spelling_of_the_same_characters(browser: Browser, cities: Cities) -> None:
    person(name="阿依努尔·买买提江", id_number=NUMBER)
    cities.add("shenzhen")
    cities.says("u-1", name=" 阿依努尔•买买提江 ", number=NUMBER, level="3")
    arrival = arrival_of(cities.arrive(browser, "shenzhen", "u-1"))
    assert "您已经有一个账号" in browser.get(f"/link?arrival={arrival}").text


@pytest.mark.parametrize("contact", ["email", "phone"])
def test_mail_and_phone_match_nobody(browser: Browser, cities: Cities, contact: str) -> None:
    victim = person(id_number=NUMBER, email="victim@example.invalid", phone="13800006620")
    fields = {"name": "name", "attributes": {"email": "email", "phone": "phone"}}
    cities.add("shenzhen", fields=fields)
    cities.says("u-evil", name=NAME, email="victim@example.invalid", phone="13800006620", email_verified="true")
    open_account(browser, cities, "u-evil")
    assert [one.account_id for one in links()] != [victim]
    assert account(victim).level == 3


def test_another_name_under_the_number_goes_to_a_clerk(browser: Browser, cities: Cities) -> None:
    person(name="何志强", id_number=NUMBER)
    cities.add("shenzhen")
    cities.says("u-1", name=NAME, number=NUMBER, level="3")
    refused = cities.arrive(browser, "shenzhen", "u-1")
    assert refused.status_code == 409
    assert "办事窗口" in refused.text
    assert "12345" in refused.text
    assert "何志强" not in refused.text
    assert not links()
    assert not accounts_of(NAME)
    assert [entry.outcome for entry in entries("link.match")] == ["other_name"]


def test_several_accounts_of_the_person_go_to_a_clerk(browser: Browser, shenzhen: Cities) -> None:
    person(id_number=NUMBER)
    person(login="chenxl2", id_number=NUMBER)
    assert shenzhen.arrive(browser, "shenzhen", "u-1").status_code == 409
    assert not links()
    assert [entry.outcome for entry in entries("link.match")] == ["several"]


def test_a_blocked_account_is_not_evaded_by_way_of_a_city(browser: Browser, shenzhen: Cities) -> None:
    owner = person(id_number=NUMBER)
    with transaction() as db:
        db.get_one(Account, owner).status = "blocked"
    assert shenzhen.arrive(browser, "shenzhen", "u-1").status_code == 409
    assert len(accounts_of(NAME)) == 1


def test_an_unverified_account_gets_no_link_and_loses_the_number(browser: Browser, shenzhen: Cities) -> None:
    pretender = person(login="pretender", id_number=NUMBER, level=2)
    assert account(pretender).declared_key
    open_account(browser, shenzhen)
    left = account(pretender)
    assert (left.id_number, left.declared_key, left.party_key) == (None, None, None)
    assert [one.account_id for one in links()] != [pretender]
    assert [entry.subject for entry in entries("account.number_released")] == [pretender]


def test_two_accounts_of_one_city_may_belong_to_one_person(browser: Browser, shenzhen: Cities) -> None:
    owner = person(id_number=NUMBER)
    for upstream_id in ("u-1", "u-2"):
        shenzhen.says(upstream_id, name=NAME, number=NUMBER, level="3")
        arrival = arrival_of(shenzhen.arrive(browser, "shenzhen", upstream_id))
        browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="prove", password=PASSWORD)
    assert [one.account_id for one in links()] == [owner, owner]


# The proof is bound to account, source, upstream account, browser and time, and is used once


@pytest.fixture
def arrived(browser: Browser, shenzhen: Cities) -> str:
    """An arrival of this browser that waits for the proof of chenxl's account."""
    person(id_number=NUMBER)
    return arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1"))


def prove(browser: Browser, arrival: str, **fields: str) -> int:
    token = browser.token("/login?use=province")
    sent = {"arrival": arrival, "do": "prove", "password": PASSWORD} | fields
    return browser.post("/link", token=token, **sent).status_code


def test_a_proof_is_of_no_use_in_another_browser(browser: Browser, new_browser: NewBrowser, arrived: str) -> None:
    other = new_browser(ELSEWHERE)
    assert other.get(f"/link?arrival={arrived}").status_code == 400
    assert prove(other, arrived) == 400
    assert other.sign_in("chenxl", arrival=arrived).status_code == 400
    assert not other.signed_in
    assert not links()
    assert prove(browser, arrived) == 303


def test_a_proof_is_used_once(browser: Browser, arrived: str) -> None:
    assert prove(browser, arrived) == 303
    browser.post("/logout", on="/logout")
    assert prove(browser, arrived) == 400
    assert not browser.signed_in
    assert len(links()) == 1


def test_a_proof_expires(browser: Browser, shenzhen: Cities, frozen_clock: FrozenClock) -> None:
    person(id_number=NUMBER)
    arrival = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1"))
    frozen_clock.advance(minutes=10)
    assert browser.get(f"/link?arrival={arrival}").status_code == 400
    assert prove(browser, arrival) == 400
    assert not links()


def test_a_proof_links_only_the_city_account_it_was_made_for(browser: Browser, shenzhen: Cities, arrived: str) -> None:
    shenzhen.says("u-evil", name="何志强", number=number(1), level="3")
    other = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-evil"))
    assert prove(browser, other) == 400, "this arrival belongs to no account that could be proven"
    assert prove(browser, arrived) == 303
    assert [one.upstream_id for one in links()] == ["u-1"]


def test_another_account_proves_nothing(browser: Browser, arrived: str) -> None:
    person(login="hezq", name="何志强")
    response = browser.sign_in("hezq", arrival=arrived)
    assert response.status_code == 409
    assert not browser.signed_in
    assert not links()
    assert [entry.outcome for entry in entries("link.prove")] == ["other_account"]


def test_the_ordinary_login_proves_too(browser: Browser, arrived: str) -> None:
    assert browser.sign_in("chenxl", arrival=arrived).status_code == 303
    assert [one.upstream_id for one in links()] == ["u-1"]


def test_an_account_without_password_is_proven_at_its_own_city(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    browser.post("/logout")
    shenzhen.add("foshan", name="佛山市")
    shenzhen.says("f-1", name=NAME, number=NUMBER, level="4")
    arrival = arrival_of(shenzhen.arrive(browser, "foshan", "f-1", "?next=/account/apps"))
    page = browser.get(f"/link?arrival={arrival}").text
    assert f"/login/city/shenzhen?next=%2Faccount%2Fapps&amp;arrival={arrival}" in page
    assert 'name="password"' not in page
    response = shenzhen.arrive(browser, "shenzhen", "u-1", f"?next=/account/apps&arrival={arrival}")
    assert response.headers["Location"] == "/account/apps"
    assert len({one.account_id for one in links()}) == 1
    assert account(links()[0].account_id).level == 4


def test_guessing_the_password_at_the_proof_is_counted(browser: Browser, arrived: str) -> None:
    assert [prove(browser, arrived, password="wrong password") for _try in range(6)] == [400] * 5 + [429]
    assert prove(browser, arrived) == 429


def test_somebody_else_was_quicker_with_the_account(
    browser: Browser, new_browser: NewBrowser, shenzhen: Cities
) -> None:
    other = new_browser(ELSEWHERE)
    first = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1"))
    second = arrival_of(shenzhen.arrive(other, "shenzhen", "u-1"))
    assert browser.post("/link", on=f"/link?arrival={first}", arrival=first, do="open").status_code == 303
    token = other.token("/login?use=province")
    assert other.post("/link", token=token, arrival=second, do="open").status_code == 409
    assert len(accounts_of(NAME)) == 1


# Mix-up, foreign browsers, disabled cities


def test_the_state_of_one_city_is_of_no_use_at_another(browser: Browser, shenzhen: Cities) -> None:
    shenzhen.add("foshan", name="佛山市")
    state = shenzhen.state(browser, "shenzhen")
    response = browser.get(f"/login/city/foshan/callback?code=u-1&state={state}")
    assert response.status_code == 400
    assert shenzhen.completed == [], "no city was asked anything"
    assert browser.get(f"/login/city/shenzhen/callback?code=u-1&state={state}").status_code == 303


def test_an_answer_in_another_browser_is_refused_with_a_way_on(
    browser: Browser, new_browser: NewBrowser, shenzhen: Cities
) -> None:
    state = shenzhen.state(browser, "shenzhen")
    victim = new_browser(ELSEWHERE)
    response = victim.get(f"/login/city/shenzhen/callback?code=u-1&state={state}")
    assert response.status_code == 400
    assert "/login?use=province" in response.text
    assert not victim.signed_in
    assert shenzhen.completed == []


def test_an_answer_is_taken_once(browser: Browser, shenzhen: Cities) -> None:
    state = shenzhen.state(browser, "shenzhen")
    answer = f"/login/city/shenzhen/callback?code=u-1&state={state}"
    assert browser.get(answer).status_code == 303
    assert browser.get(answer).status_code == 400


def test_two_tabs_do_not_disturb_each_other(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    browser.post("/logout")
    first = shenzhen.state(browser, "shenzhen", "?next=/account/apps")
    second = shenzhen.state(browser, "shenzhen", "?next=/account/devices")
    for state, page in ((first, "/account/apps"), (second, "/account/devices")):
        answer = browser.get(f"/login/city/shenzhen/callback?code=u-1&state={state}")
        assert answer.headers["Location"] == page


def test_a_city_switched_off_on_the_way_lets_nobody_in(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    browser.post("/logout")
    state = shenzhen.state(browser, "shenzhen")
    shenzhen.change("shenzhen", enabled=False)
    response = browser.get(f"/login/city/shenzhen/callback?code=u-1&state={state}")
    assert response.status_code == 503
    assert not browser.signed_in


def test_a_city_switched_off_before_the_answer_links_nothing(browser: Browser, shenzhen: Cities) -> None:
    person(id_number=NUMBER)
    arrival = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1"))
    shenzhen.change("shenzhen", enabled=False)
    assert prove(browser, arrival) == 503
    assert not links()
    assert not browser.signed_in


def test_a_level_falls_while_its_city_is_switched_off(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    bystander = person(login="hezq", name="何志强", id_number=number(1), level=4)
    (made,) = accounts_of(NAME)
    shenzhen.change("shenzhen", enabled=False)
    sweep.sweep()
    assert (account(made.id).level, account(bystander).level) == (2, 4)
    assert "二级" in browser.get("/account/links").text, "the session falls with it"
    sweep.sweep()
    assert [entry.details for entry in entries("account.level")] == [{"from": 3, "to": 2}]
    shenzhen.change("shenzhen", enabled=True)
    browser.post("/logout")
    shenzhen.arrive(browser, "shenzhen", "u-1")
    assert account(made.id).level == 3


def test_a_level_that_rests_on_another_city_too_stays(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    (made,) = accounts_of(NAME)
    shenzhen.add("foshan", name="佛山市")
    with transaction() as db:
        db.add(Link(account_id=made.id, source_id=_source("foshan"), upstream_id="f-1", level=3))
    shenzhen.change("shenzhen", enabled=False)
    sweep.sweep()
    assert account(made.id).level == 3


def test_a_level_falls_at_the_next_sign_in_too(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    shenzhen.change("shenzhen", enabled=False)
    browser.post("/logout")
    shenzhen.add("foshan", name="佛山市")
    shenzhen.says("f-1", name="陈晓岚", level="3")
    made = links()[0]
    with transaction() as db:
        db.add(Link(account_id=made.account_id, source_id=_source("foshan"), upstream_id="f-1", level=2))
    shenzhen.arrive(browser, "foshan", "f-1")
    assert account(made.account_id).level == 2


def _source(code: str) -> str:
    with reading() as db:
        return city(db, code).source_id


def test_a_city_account_that_changes_hands_signs_nobody_in(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    browser.post("/logout")
    shenzhen.says("u-1", name="何志强", number=number(1), level="3")
    refused = shenzhen.arrive(browser, "shenzhen", "u-1")
    assert refused.status_code == 409
    assert not browser.signed_in
    assert [entry.outcome for entry in entries("link.match")] == ["other_person"]


def test_somebody_is_identified_later_when_the_city_sends_the_number(browser: Browser, shenzhen: Cities) -> None:
    shenzhen.says("u-9", name=NAME)
    open_account(browser, shenzhen, "u-9")
    browser.post("/logout")
    shenzhen.says("u-9", name=NAME, number=NUMBER, level="3")
    assert shenzhen.arrive(browser, "shenzhen", "u-9").headers["Location"] == "/me"
    (made,) = accounts_of(NAME)
    assert (made.level, made.id_number) == (3, NUMBER)
    assert events("idp.identity_verified") == [{"account_id": made.id, "party_key": made.party_key}]


def test_the_level_of_a_sign_in_is_what_its_city_vouches_for(browser: Browser, shenzhen: Cities) -> None:
    owner = person(id_number=NUMBER, level=5)
    arrival = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1"))
    prove(browser, arrival)
    browser.post("/logout")
    shenzhen.arrive(browser, "shenzhen", "u-1")
    with reading() as db:
        row = db.scalars(select(LoginSession)).one()
    assert (row.account_id, row.level, row.amr) == (owner, 3, ["fed"])


# The page


def test_cities_are_grouped_marked_and_remembered(browser: Browser, cities: Cities) -> None:
    cities.add("shenzhen", display_order=1)
    cities.add("huizhou", name="惠州市", own_accounts=False, display_order=2)
    cities.add("zhongshan", name="中山市", enabled=False, display_order=3)
    cities.add("shantou", name="汕头市", region="粤东", display_order=4)
    page = browser.get("/login?next=/account/apps").text
    assert (
        page.index("珠三角") < page.index(">深圳<") < page.index(">惠州<") < page.index("粤东") < page.index(">汕头<")
    )
    assert 'href="/login/city/zhongshan?next=%2Faccount%2Fapps" class="is-own is-down"' in page
    assert "，已经停用" in page
    off = browser.get("/login/city/zhongshan")
    assert (off.status_code, "已经停用" in off.text) == (503, True)
    cities.says("u-1", name=NAME, number=NUMBER, level="3")
    cities.arrive(browser, "shenzhen", "u-1")
    page = browser.get("/login").text
    assert "这台设备上次用的是深圳市账号" in page
    assert 'aria-current="true">深圳' in page
    browser.get("/login?use=province")
    assert "这台设备上次用的是" not in browser.get("/login").text


def test_an_unknown_city_is_not_found(browser: Browser) -> None:
    assert browser.get("/login/city/nowhere").status_code == 404
    assert browser.get("/login/city/nowhere/callback?state=x").status_code == 404


# The account's page


def test_a_link_can_be_taken_away_but_not_the_last_way_in(browser: Browser, shenzhen: Cities) -> None:
    owner = person(id_number=NUMBER)
    arrival = arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1"))
    prove(browser, arrival)
    (link,) = links()
    assert "深圳市账号" in browser.get("/account/links").text
    response = browser.post(f"/account/links/{link.id}/remove")
    assert response.headers["Location"] == "/account/links"
    assert "已取消关联" in browser.get("/account/links").text
    assert not links()
    assert [entry.subject for entry in entries("link.remove")] == [owner]


def test_the_last_way_in_stays(browser: Browser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    (link,) = links()
    assert "唯一的登录方式" in browser.get("/account/links").text
    assert browser.post(f"/account/links/{link.id}/remove").status_code == 409
    assert len(links()) == 1


def test_a_link_of_somebody_else_is_not_found(browser: Browser, new_browser: NewBrowser, shenzhen: Cities) -> None:
    open_account(browser, shenzhen)
    (link,) = links()
    person(login="hezq", name="何志强")
    other = new_browser()
    other.sign_in("hezq")
    assert other.get(f"/account/links/{link.id}/remove").status_code == 404
    assert other.post(f"/account/links/{link.id}/remove", on="/account/devices").status_code == 404


def test_what_an_arrival_keeps_is_sealed(browser: Browser, shenzhen: Cities) -> None:
    arrival_of(shenzhen.arrive(browser, "shenzhen", "u-1"))
    with reading() as db:
        raw = db.execute(text("SELECT id_number FROM link_arrival")).scalar_one()
    assert NUMBER.encode() not in bytes(raw)
