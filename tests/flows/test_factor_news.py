"""Who opens or closes two-step sign-in is told so, in the messages and by mail: a thief would not say it."""

import pytest
from flask import Flask
from sqlalchemy import select

from kernel import outbox
from kernel.db import reading
from subscriptions.handlers import HANDLERS
from subscriptions.models.message import InboxMessage
from tests.flows.authenticator import Phone, enrolled
from tests.flows.people import Browser, number, person
from tests.flows.test_two_step_pages import PAGE, add, confirm


@pytest.fixture
def owner(browser: Browser) -> str:
    return person(id_number=number(2), level=4, email="chen@example.invalid")


@pytest.fixture
def inside(browser: Browser, owner: str) -> Browser:
    browser.sign_in("chenxl")
    return browser


def news(account_id: str) -> list[tuple[str, str | None]]:
    """What the person finds among the messages: what changed and how many are left, and where it leads."""
    outbox.register(HANDLERS)
    outbox.deliver_due()
    with reading() as db:
        rows = db.scalars(
            select(InboxMessage)
            .where(InboxMessage.account_id == account_id, InboxMessage.rule == "factor_changed")
            .order_by(InboxMessage.id)
        )
        return [(f"{row.facts['change']} {row.facts['left']}", row.link) for row in rows]


def remove(browser: Browser, phone: Phone, app_id: str) -> None:
    assert browser.post(f"{PAGE}/{app_id}/remove", code=phone.code()).status_code == 303


def test_opened_and_closed_are_told(inside: Browser, owner: str) -> None:
    outbox.register(HANDLERS)
    phone = add(inside)
    confirm(inside, phone.code())
    assert news(owner) == [("added 1", PAGE)]
    assert "两步验证已开通" in inside.get("/me/messages").text


def test_closed_by_the_person(inside: Browser, owner: str) -> None:
    outbox.register(HANDLERS)
    phone = enrolled(owner)
    remove(inside, phone, str(phone.app_id))
    assert news(owner) == [("removed 0", PAGE)]
    page = inside.get("/me/messages").text
    assert "两步验证已关闭" in page
    assert "拨打12345" in page


def test_of_two_the_other_still_counts(inside: Browser, owner: str) -> None:
    outbox.register(HANDLERS)
    lost, kept = enrolled(owner), enrolled(owner)
    remove(inside, kept, str(lost.app_id))
    assert news(owner) == [("removed 1", PAGE)]
    page = inside.get("/me/messages").text
    assert "移除了一个身份验证器" in page
    assert "两步验证已关闭" not in page


def test_an_operator_who_takes_all_away_is_one_message(app: Flask, inside: Browser, owner: str) -> None:
    outbox.register(HANDLERS)
    enrolled(owner)
    enrolled(owner)
    app.test_cli_runner().invoke(args=["users", "remove-totp", "chenxl"])
    assert news(owner) == [("removed 0", PAGE)]
