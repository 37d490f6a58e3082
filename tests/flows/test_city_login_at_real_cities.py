"""J1, as far as the platform's own pages: a citizen signs in with the account the city already gave them."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from connectors.contract import Begin
from idp.models.link import Link
from kernel.db import reading
from tests.conftest import LoadSettings
from tests.connectors import conftest as peers
from tests.connectors.peers import DirectoryPeer, ProviderPeer, add_city, answer_of
from tests.flows.people import Browser, accounts_of, arrival_of, entries, person

# The real peers of the connectors' suite: a directory server, and the demo city as a process of its own.
directory_of_session = peers.directory_of_session
directory = peers.directory
demo_city = peers.demo_city
forgotten = peers.forgotten

LOGIN, PASSWORD, NAME, NUMBER = "linhaitang", "demo-city-2026", "林海棠", "440001199003070020"


@pytest.fixture(autouse=True)
def reachable(app: Flask, load_settings: LoadSettings, database: str) -> None:
    load_settings(DATABASE_URL=database, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")


def links() -> list[tuple[str, str]]:
    with reading() as db:
        return [(one.account_id, one.upstream_id) for one in db.scalars(select(Link))]


def test_a_directory_s_account_signs_in_on_our_page(browser: Browser, directory: DirectoryPeer) -> None:
    add_city(directory.city())
    page = browser.get("/login/city/shenzhen?next=/account/apps").text
    assert "使用深圳市账号登录" in page
    wrong = browser.post("/login/city/shenzhen", account=LOGIN, password="wrong password")
    assert (wrong.status_code, "账号或密码不正确" in wrong.text) == (400, True)
    right = browser.post("/login/city/shenzhen", account=LOGIN, password=PASSWORD, next="/account/apps")
    arrival = arrival_of(right)
    assert NAME in browser.get(f"/link?arrival={arrival}").text
    opened = browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="open")
    assert opened.headers["Location"] == "/account/apps"
    (made,) = accounts_of(NAME)
    assert (made.id_number, made.level) == (NUMBER, 3)
    assert links() == [(made.id, "fae070b9-8a6b-5b60-91c2-bcb0057cfa20")]
    browser.post("/logout")
    assert browser.get("/login").headers["Location"] == "/login/city/shenzhen", "the choice is remembered"
    again = browser.post("/login/city/shenzhen", account=LOGIN, password=PASSWORD)
    assert again.headers["Location"] == "/me"
    assert not any(PASSWORD in str(entry.details) for entry in entries("login.city"))


def test_wrong_passwords_at_a_directory_are_counted_here_too(browser: Browser, directory: DirectoryPeer) -> None:
    add_city(directory.city())
    codes = [
        browser.post("/login/city/shenzhen", account=LOGIN, password="wrong password").status_code for _try in range(7)
    ]
    assert codes == [400] * 5 + [429] * 2


def test_spellings_that_a_directory_takes_for_one_name_have_no_tries_of_their_own(
    browser: Browser, directory: DirectoryPeer
) -> None:
    add_city(directory.city())
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in LOGIN)
    spellings = [LOGIN, LOGIN.upper(), wide, LOGIN[0] + wide[1:], f"{LOGIN[:3]}\u200b{LOGIN[3:]}", wide.upper()]
    codes = [
        browser.post("/login/city/shenzhen", account=name, password="wrong password").status_code for name in spellings
    ]
    assert codes == [400] * 5 + [429]
    paused = browser.post("/login/city/shenzhen", account=wide, password=PASSWORD)
    assert paused.status_code == 429


def test_a_directory_that_is_away_says_so_and_counts_nothing(browser: Browser, directory: DirectoryPeer) -> None:
    add_city(directory.elsewhere(9))
    for _try in range(8):
        away = browser.post("/login/city/shenzhen", on="/login?use=province", account=LOGIN, password=PASSWORD)
        assert away.status_code == 503
        assert "用省统一账号登录" in away.text
        assert "深圳市的登录暂时用不了" in away.text


def test_a_city_s_own_page_and_back(browser: Browser, demo_city: ProviderPeer) -> None:
    add_city(demo_city.city())
    sent = browser.get("/login/city/shenzhen?next=/account/apps")
    assert sent.status_code == 303
    answer = answer_of_address(sent.headers["Location"])
    back = browser.get(f"/login/city/shenzhen/callback?{answer}")
    arrival = arrival_of(back)
    opened = browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="open")
    assert opened.headers["Location"] == "/account/apps"
    assert browser.signed_in
    (made,) = accounts_of(NAME)
    assert made.level == 3
    assert links()[0][0] == made.id


def test_the_person_s_province_account_is_linked_after_proof(browser: Browser, demo_city: ProviderPeer) -> None:
    owner = person(login="lin", name=NAME, id_number=NUMBER)
    add_city(demo_city.city())
    answer = answer_of_address(browser.get("/login/city/shenzhen").headers["Location"])
    arrival = arrival_of(browser.get(f"/login/city/shenzhen/callback?{answer}"))
    page = browser.get(f"/link?arrival={arrival}").text
    assert "您已经有一个账号（lin）" in page
    assert not browser.signed_in
    browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="prove", password="correct horse battery")
    assert [account_id for account_id, _upstream in links()] == [owner]


def test_giving_up_at_the_city_leads_back_with_a_way_on(browser: Browser, demo_city: ProviderPeer) -> None:
    add_city(demo_city.city())
    sent = browser.get("/login/city/shenzhen?next=/account/apps").headers["Location"]
    state = parse_qs(urlsplit(sent).query)["state"][0]
    issuer = f"&iss={demo_city.issuer}"
    back = browser.get(f"/login/city/shenzhen/callback?error=access_denied&state={state}{issuer}")
    assert back.status_code == 403
    assert "/login?next=%2Faccount%2Fapps&amp;use=province" in back.text
    assert re.search(r'href="/login/city/shenzhen\?next=[^"]+again=1"', back.text)


def answer_of_address(address: str) -> str:
    """Sign in at the demo city in a browser; the query it comes back with."""
    return urlencode(answer_of(Begin(redirect_url=address, saved={}), LOGIN, PASSWORD))
