"""Many at once: tries, proofs and first sign-ins are decided by the database."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.factor import Proof
from idp.factors import password as factor
from idp.models.link import Link
from kernel.db import reading
from tests.flows.people import PASSWORD, Browser, Cities, accounts_of, arrival_of, number, person

NAME, NUMBER = "陈晓岚", number(2)


def at_once(acts: Iterable[Callable[[], TestResponse]]) -> list[int]:
    """Run them in threads that start together; their statuses, sorted."""
    waiting = list(acts)
    line = threading.Barrier(len(waiting))

    def run(act: Callable[[], TestResponse]) -> int:
        line.wait(20)
        return act().status_code

    with ThreadPoolExecutor(len(waiting)) as pool:
        return sorted(pool.map(run, waiting))


def test_tries_at_once_are_counted_before_they_are_proven(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    person()
    proven: list[str] = []
    real = factor.Password.prove
    monkeypatch.setattr(factor.Password, "room", lambda _self: nullcontext())

    def prove(self: factor.Password, enrolled: str | None, answer: str) -> Proof:
        proven.append(answer)
        return real(self, enrolled, answer)

    monkeypatch.setattr(factor.Password, "prove", prove)
    browsers = [Browser(app) for _n in range(12)]
    tokens = [browser.token("/login") for browser in browsers]
    sent = zip(browsers, tokens, strict=True)
    at_once(lambda b=b, t=t: b.post("/login", token=t, account="chenxl", password="wrong password") for b, t in sent)
    assert len(proven) == 6


def test_one_arrival_opens_one_account(app: Flask, cities: Cities) -> None:
    cities.add("shenzhen")
    cities.says("u-1", name=NAME, number=NUMBER, level="3")
    browser = Browser(app)
    arrival = arrival_of(cities.arrive(browser, "shenzhen", "u-1"))
    token = browser.token(f"/link?arrival={arrival}")
    cookie = browser.cookie
    assert cookie

    def tab() -> TestResponse:
        other = Browser(app)
        other.http.set_cookie("kapok", cookie, domain="127.0.0.1")
        return other.post("/link", token=token, arrival=arrival, do="open")

    statuses = at_once([tab] * 5)
    assert statuses.count(303) == 1
    assert set(statuses) <= {303, 400}
    assert len(accounts_of(NAME)) == 1


def test_two_cities_at_once_make_one_account(app: Flask, cities: Cities) -> None:
    acts = []
    for code in ("shenzhen", "foshan", "guangzhou"):
        cities.add(code)
        cities.says(code, name=NAME, number=NUMBER, level="3")
        browser = Browser(app)
        arrival = arrival_of(cities.arrive(browser, code, code))
        token = browser.token(f"/link?arrival={arrival}")
        acts.append(lambda b=browser, t=token, a=arrival: b.post("/link", token=t, arrival=a, do="open"))
    assert at_once(acts) == [303, 409, 409]
    assert len(accounts_of(NAME)) == 1


def test_a_proof_at_once_links_once(app: Flask, cities: Cities) -> None:
    person(id_number=NUMBER)
    cities.add("shenzhen")
    cities.says("u-1", name=NAME, number=NUMBER, level="3")
    browser = Browser(app)
    arrival = arrival_of(cities.arrive(browser, "shenzhen", "u-1"))
    token = browser.token(f"/link?arrival={arrival}")
    cookie = browser.cookie
    assert cookie

    def tab() -> TestResponse:
        other = Browser(app)
        other.http.set_cookie("kapok", cookie, domain="127.0.0.1")
        return other.post("/link", token=token, arrival=arrival, do="prove", password=PASSWORD)

    statuses = at_once([tab] * 4)
    assert statuses.count(303) == 1
    with reading() as db:
        assert len(db.scalars(select(Link)).all()) == 1


def test_people_behind_one_address_sign_in_together(app: Flask) -> None:
    """Shared counters and row locks: nobody waits in a circle, nobody is refused."""
    names = [f"user{n}" for n in range(8)]
    for name in names:
        person(login=name)
    browsers = [(Browser(app), name) for name in names]
    sent = [(browser, name, browser.token("/login")) for browser, name in browsers]
    acts = [lambda b=b, n=n, t=t: b.post("/login", token=t, account=n, password=PASSWORD) for b, n, t in sent]
    statuses = at_once(acts)
    assert set(statuses) <= {303, 503}
    assert statuses.count(303) >= 7


def test_two_accounts_that_become_the_same_person_at_once_are_not_both(app: Flask, cities: Cities) -> None:
    cities.add("shenzhen")
    browsers = [Browser(app) for _n in range(4)]
    for n, browser in enumerate(browsers):
        cities.says(f"u-{n}", name=NAME)
        arrival = arrival_of(cities.arrive(browser, "shenzhen", f"u-{n}"))
        browser.post("/link", on=f"/link?arrival={arrival}", arrival=arrival, do="open")
        cities.says(f"u-{n}", name=NAME, number=NUMBER, level="3")
    at_once(
        lambda n=n, browser=browser: cities.arrive(browser, "shenzhen", f"u-{n}") for n, browser in enumerate(browsers)
    )
    assert [made.id_number for made in accounts_of(NAME)].count(NUMBER) == 1
