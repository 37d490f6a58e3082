"""Consent with the values that will be sent, signing out, and the pages of one's own account."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp import claims, sweep
from idp.clients import add as clients
from idp.clients import metadata
from idp.models.consent import Consent
from idp.models.session import LoginSession
from idp.models.token import TokenFamily
from idp.own_claims import OwnClaims
from kernel import clock
from kernel.db import reading, transaction
from tests.conftest import FrozenClock
from tests.flows.people import ELSEWHERE, Browser, account, entries, number, person

NewBrowser = Callable[..., Browser]
CALLBACK = "https://gjj.example.gov.cn/cb"
NUMBER = number(2)
EVERYTHING = "openid profile identity email phone"


@pytest.fixture(autouse=True)
def own_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """What idp shows without any other package."""
    monkeypatch.setattr(claims, "claims", OwnClaims)


@pytest.fixture
def owner(browser: Browser) -> str:
    return person(id_number=NUMBER, phone="13800006620", email="chen@example.invalid", level=4)


def portal(**changes: Any) -> str:
    raw = {
        "client_name": "住房公积金网上业务厅",
        "redirect_uris": [CALLBACK],
        "scope": EVERYTHING,
        "purpose": "办理租房提取住房公积金",
    }
    with transaction() as db:
        return clients.add(db, metadata.validate(raw | changes)).client_id


def authorize(client_id: str, **changes: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 50).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "scope": EVERYTHING,
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"/authorize?{urlencode(asked | changes)}"


def flow_of(response: TestResponse) -> str:
    return parse_qs(urlsplit(response.headers["Location"]).query)["flow"][0]


def arrive_at_consent(browser: Browser, client_id: str, **changes: str) -> str:
    """From the portal's button through the login; the flow that asks for consent."""
    flow = flow_of(browser.get(authorize(client_id, **changes)))
    if browser.cookie and browser.cookie.startswith("a."):
        page = browser.get(f"/login?flow={flow}")
        assert "登录后返回" in page.text
        assert "住房公积金网上业务厅" in page.text
        assert browser.sign_in("chenxl", on=f"/login?flow={flow}", flow=flow).status_code == 303
        assert browser.get(f"/authorize/resume?flow={flow}").headers["Location"] == f"/consent?flow={flow}"
    return flow


def decide(browser: Browser, flow: str, **fields: Any) -> str:
    """Answer the consent page; where the portal sends the browser."""
    response = browser.post("/consent", on=f"/consent?flow={flow}", flow=flow, **fields)
    assert response.headers["Location"] == f"/authorize/resume?flow={flow}"
    return browser.get(response.headers["Location"]).headers["Location"]


def kept() -> dict[str, bool]:
    """Every decision that is kept, by its name: whether it was granted."""
    with reading() as db:
        found = db.scalars(select(Consent)).all()
    said = {one.name: one.granted for one in found}
    assert len(said) == len(found), "decisions of several people or clients"
    return said


def test_the_page_shows_the_values_and_ticks_nothing(browser: Browser, owner: str) -> None:
    flow = arrive_at_consent(browser, portal())
    response = browser.get(f"/consent?flow={flow}")
    page = response.text
    assert "办理租房提取住房公积金" in page
    assert "440199********" in page
    assert f'data-alt="{NUMBER}"' in page
    assert 'id="ck-email" name="scope" value="email">' in page
    assert 'name="scope" value="identity"' not in page, "what is required has no box"
    assert "gjj.example.gov.cn" in response.headers["Content-Security-Policy"]
    assert NUMBER in browser.get(f"/consent?flow={flow}&reveal=1").text


def test_required_and_ticked_are_given_the_rest_is_not(browser: Browser, owner: str) -> None:
    client_id = portal()
    flow = arrive_at_consent(browser, client_id)
    address = decide(browser, flow, do="allow", scope=["email"], keep="year")
    assert address.startswith(f"{CALLBACK}?")
    assert "code=" in address
    assert kept() == {"profile": True, "identity": True, "email": True, "phone": False}
    again = browser.get(authorize(client_id)).headers["Location"]
    assert again.startswith(f"{CALLBACK}?"), "a second time there is no screen at all"


def test_a_box_of_somebody_else_s_making_gives_nothing_more(browser: Browser, owner: str) -> None:
    flow = arrive_at_consent(browser, portal(), scope="openid profile email")
    decide(browser, flow, do="allow", scope=["email", "certificates", "phone", "feeds:cases"])
    assert kept() == {"profile": True, "email": True}


@pytest.mark.parametrize("answer", [{"do": "deny"}, {}])
def test_no_goes_back_with_an_error_the_portal_can_handle(browser: Browser, owner: str, answer: dict[str, str]) -> None:
    flow = arrive_at_consent(browser, portal())
    address = decide(browser, flow, **answer)
    assert "error=access_denied" in address
    assert "state=s" in address
    assert kept() == {}
    assert [entry.outcome for entry in entries("consent.given")] == ["denied"]


def test_once_is_over_after_an_hour_and_takes_the_tokens_along(
    browser: Browser, owner: str, frozen_clock: FrozenClock
) -> None:
    client_id = portal()
    decide(browser, arrive_at_consent(browser, client_id), do="allow", keep="once")
    with transaction() as db:
        db.add(_family(owner, client_id))
    frozen_clock.advance(minutes=10)
    assert browser.get(authorize(client_id)).headers["Location"].startswith(CALLBACK)
    for _use in range(5):
        frozen_clock.advance(minutes=10)
        browser.get("/account/links")
    sweep.sweep()
    assert kept() == {}
    with reading() as db:
        assert db.scalars(select(TokenFamily.revoked_for)).one() == "consent_lapsed"
    assert browser.get(authorize(client_id)).headers["Location"].startswith("/consent?")


def test_a_decision_that_is_over_counts_for_nothing_even_before_the_sweep(
    browser: Browser, owner: str, frozen_clock: FrozenClock
) -> None:
    client_id = portal()
    decide(browser, arrive_at_consent(browser, client_id), do="allow", keep="once", scope=["email", "phone"])
    for _use in range(7):
        frozen_clock.advance(minutes=10)
        browser.get("/account/links")
    flow = flow_of(browser.get(authorize(client_id)))
    decide(browser, flow, do="allow", keep="once")
    assert kept() == {"profile": True, "identity": True, "email": False, "phone": False}


def _family(account_id: str, client_id: str) -> TokenFamily:
    with reading() as db:
        session_id = db.scalars(select(LoginSession.id)).one()
    now = clock.now()
    return TokenFamily(
        id="f" * 32,
        client_id=client_id,
        account_id=account_id,
        session_id=session_id,
        sub="s",
        scope="openid",
        auth_time=now,
        acr="4",
        amr="pwd",
        created_at=now,
        rotated_at=now,
        expires_at=now.replace(year=now.year + 1),
    )


def test_a_flow_is_of_no_use_in_another_browser(browser: Browser, new_browser: NewBrowser, owner: str) -> None:
    client_id = portal()
    flow = flow_of(browser.get(authorize(client_id)))
    other = new_browser(ELSEWHERE)
    for page in (f"/login?flow={flow}", f"/login?flow={flow}&use=province"):
        refused = other.get(page)
        assert (refused.status_code, "登录没有完成" in refused.text) == (400, True)
    other.sign_in("chenxl")
    assert other.get(f"/consent?flow={flow}").status_code == 400
    assert other.post("/consent", on="/logout", flow=flow, do="allow").status_code == 400
    assert kept() == {}


def test_consent_needs_a_login(browser: Browser) -> None:
    assert browser.get("/consent?flow=x").headers["Location"].startswith("/login?next=")


def test_the_login_form_may_end_at_the_portal(browser: Browser, owner: str) -> None:
    flow = flow_of(browser.get(authorize(portal())))
    assert "https://gjj.example.gov.cn" in browser.get(f"/login?flow={flow}").headers["Content-Security-Policy"]
    assert "gjj.example.gov.cn" not in browser.get("/login").headers["Content-Security-Policy"]


def test_hints_of_the_portal(browser: Browser, owner: str) -> None:
    flow = flow_of(browser.get(authorize(portal(), login_hint='chenxl"><script>')))
    assert 'value="chenxl&#34;&gt;&lt;script&gt;"' in browser.get(f"/login?flow={flow}").text


def test_withdrawing_is_one_page_and_at_once(browser: Browser, owner: str) -> None:
    client_id = portal()
    decide(browser, arrive_at_consent(browser, client_id), do="allow", keep="year", scope=["email"])
    with transaction() as db:
        db.add(_family(owner, client_id))
    page = browser.get("/account/apps").text
    assert "住房公积金网上业务厅" in page
    assert page.count("撤回这项") == 3
    asked = browser.get(f"/account/apps/{client_id}/withdraw").text
    assert "现在可以获取：基本信息、实名信息、电子邮箱" in asked
    assert "立即不能再获取" in asked
    response = browser.post(f"/account/apps/{client_id}/withdraw")
    assert response.headers["Location"] == "/account/apps"
    page = browser.get("/account/apps").text
    assert "已撤回给住房公积金网上业务厅的授权" in page
    assert "还没有授权过应用" in page
    with reading() as db:
        assert db.scalars(select(TokenFamily.revoked_for)).one() == "consent_withdrawn"
    assert browser.get(f"/account/apps/{client_id}/withdraw").status_code == 404
    assert browser.get(authorize(client_id)).headers["Location"].startswith("/consent?")


def test_nobody_sees_or_ends_what_is_another_s(browser: Browser, new_browser: NewBrowser, owner: str) -> None:
    client_id = portal()
    decide(browser, arrive_at_consent(browser, client_id), do="allow", keep="year")
    person(login="hezq", name="何志强")
    other = new_browser(ELSEWHERE)
    other.sign_in("hezq")
    assert "住房公积金" not in other.get("/account/apps").text
    assert other.post(f"/account/apps/{client_id}/withdraw", on="/account/devices").status_code == 404
    with reading() as db:
        mine = db.scalars(select(LoginSession.id).where(LoginSession.account_id == owner)).one()
    assert other.post(f"/account/devices/{mine}/end", on="/account/devices").status_code == 404
    assert browser.signed_in


def test_devices_are_listed_and_ended(browser: Browser, new_browser: NewBrowser, owner: str) -> None:
    browser.sign_in("chenxl")
    second, third = new_browser(ELSEWHERE), new_browser("203.0.113.5")
    second.sign_in("chenxl")
    third.sign_in("chenxl")
    page = browser.get("/account/devices").text
    assert page.count("退出这台") == 2
    assert ELSEWHERE in page
    with reading() as db:
        its = db.scalars(select(LoginSession.id).where(LoginSession.address == ELSEWHERE)).one()
    browser.post(f"/account/devices/{its}/end", on="/account/devices")
    assert (second.signed_in, third.signed_in) == (False, True)
    browser.post("/account/devices/end", on="/account/devices")
    assert (browser.signed_in, third.signed_in) == (True, False)


def test_signing_out_asks_first_and_ends_what_grew_out_of_it(browser: Browser, owner: str) -> None:
    client_id = portal()
    decide(browser, arrive_at_consent(browser, client_id), do="allow", keep="year")
    with transaction() as db:
        db.add(_family(owner, client_id))
    page = browser.get("/logout").text
    assert "要退出登录吗" in page
    assert "住房公积金网上业务厅" in page
    assert browser.signed_in, "a link alone signs nobody out"
    old = browser.cookie
    place = browser.post("/logout").headers["Location"]
    assert place.startswith("/logout?of=")
    done = browser.get(place).text
    assert "您已退出登录" in done
    assert "住房公积金网上业务厅" in done
    with reading() as db:
        assert db.scalars(select(LoginSession)).all() == []
        assert db.scalars(select(TokenFamily.revoked_for)).one() == "logout"
    assert old
    browser.http.set_cookie("kapok", old, domain="127.0.0.1")
    assert not browser.signed_in
    assert "住房公积金网上业务厅" not in browser.get(place).text, "the page is of the browser that signed out"


def test_signing_out_without_being_signed_in_is_no_error(browser: Browser) -> None:
    assert "您已退出登录" in browser.get("/logout").text
    assert browser.post("/logout", on="/login").status_code == 303


def test_administrators_pages_are_for_administrators(browser: Browser) -> None:
    from flask import Flask

    from idp import guards
    from idp.sessions import Sessions
    from kernel.errors import Forbidden

    made = person()
    browser.sign_in("chenxl")
    app = Flask("guarded")
    app.session_interface = Sessions()
    assert browser.cookie
    for expected in (Forbidden, None):
        with app.test_request_context("/admin", headers={"Cookie": f"kapok={browser.cookie}"}):
            if expected is None:
                assert guards.admin() is None
            else:
                with pytest.raises(expected):
                    guards.admin()
        with transaction() as db:
            db.get_one(type(account(made)), made).admin = True
