"""A province where three departments report, a person who is identified, and a portal."""

from datetime import date

import pytest
from flask import Flask

from kernel.db import transaction
from profiles.models.calendar import CalendarDay
from tests.factories import reported
from tests.factories.reported import Office, citizen
from tests.protocol.parties import Op, Person
from wiring.app import create_app

ME = citizen(26)
OTHER = citizen(27)


@pytest.fixture
def app(database: str, frozen_clock) -> Flask:
    with transaction() as db:
        # One day is enough for the calendar to be known and kept; the others follow the five-day week.
        db.add(CalendarDay(day=date(2026, 1, 1), working=False, name="元旦", provisional=False, source="test"))
    return create_app()


@pytest.fixture
def op(app: Flask) -> Op:
    return Op(app)


@pytest.fixture
def health(app: Flask) -> Office:
    return reported.office()


@pytest.fixture
def police(app: Flask) -> Office:
    return reported.office("广东省公安厅", reported.POLICE)


@pytest.fixture
def market(app: Flask) -> Office:
    return reported.office("佛山市市场监督管理局", reported.MARKET)


def identified(op: Op, number: str = ME, name: str = "陈晓岚", level: int = 3) -> Person:
    """A person who has signed in and whose number was verified."""
    fields = {"id_type": "111", "id_number": number, "party_key": reported.key(number)}
    person = op.person(level=level, **fields)
    with transaction() as db:
        from idp.models.account import Account

        account = db.get(Account, person.account_id)
        assert account is not None
        account.name = name
    return person.sign_in(level=level)


@pytest.fixture
def me(op: Op) -> Person:
    return identified(op)
