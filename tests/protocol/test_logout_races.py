"""Nothing grows out of a session that is being ended, or a consent that is being taken back, at the same moment: on
another node for one.
"""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select

from idp import login_sessions
from idp.clients import registered
from idp.consent import decide as consent
from idp.cross_device import poll
from idp.models.cross_device import DEVICE
from idp.models.session import LoginSession
from idp.models.token import TokenFamily
from idp.tokens import families
from kernel.db import reading, transaction
from tests.protocol.parties import Pkce, statements
from tests.protocol.test_device_grant import KIOSK, decide, start


@pytest.fixture
def person(op):
    return op.person().sign_in()


def test_a_code_that_the_logout_did_not_see_is_worth_nothing(op, person):
    """Made by a transaction that read the session before the logout and was committed after it."""
    portal, pkce = op.portal(), Pkce()
    code = person.code(portal, pkce)
    with transaction() as db:
        db.execute(delete(LoginSession).where(LoginSession.id == person.session_id))
    answer = op.redeem(portal, code, pkce)
    assert answer.status_code == 400, answer.json
    assert answer.json["error"] == "invalid_grant"
    with reading() as db:
        assert db.scalars(select(TokenFamily)).all() == []


def ended(person) -> Callable[[], None]:
    def end() -> None:
        with transaction() as db:
            login_sessions.end(db, person.account_id, session_id=person.session_id)

    return end


def test_what_a_kiosk_fetches_in_the_moment_of_the_logout_ends_with_it(op, person):
    kiosk = op.portal(**KIOSK)
    begun = start(op, kiosk, scope="openid").json
    decide(person, begun["user_code"])
    client = registered.find(kiosk.client_id)
    leaving = threading.Thread(target=ended(person))
    with transaction() as db:
        row = poll.claim(db, client, kind=DEVICE, secret=begun["device_code"], name="device_code")
        grantee, scope = poll.grantee(db, row, client)
        leaving.start()
        leaving.join(0.7)
        assert leaving.is_alive(), "the logout did not wait for who uses the session"
        families.open_family(db, grantee, client_id=client.client_id, scope=scope, seed=families.new_seed())
    leaving.join(20)
    assert not leaving.is_alive()
    with reading() as db:
        family = db.scalars(select(TokenFamily)).one()
    assert family.revoked_for == "logout"


def test_a_consent_is_not_taken_back_while_tokens_are_made_of_it(op, person):
    kiosk = op.portal(**KIOSK)
    begun = start(op, kiosk, scope="openid profile offline_access").json
    decide(person, begun["user_code"], scope="offline_access")
    client = registered.find(kiosk.client_id)

    def withdraw():
        with transaction() as db:
            consent.withdraw(db, client_id=kiosk.client_id, account_id=person.account_id)

    taking_back = threading.Thread(target=withdraw)
    with transaction() as db:
        row = poll.claim(db, client, kind=DEVICE, secret=begun["device_code"], name="device_code")
        grantee, scope = poll.grantee(db, row, client)
        taking_back.start()
        taking_back.join(0.7)
        assert taking_back.is_alive(), "it did not wait for who uses the consent"
        families.open_family(db, grantee, client_id=client.client_id, scope=scope, seed=families.new_seed())
    taking_back.join(20)
    assert not taking_back.is_alive()
    with reading() as db:
        family = db.scalars(select(TokenFamily)).one()
    assert family.offline
    assert family.revoked_for == "consent_withdrawn"


def test_a_code_holds_the_consent_that_it_is_made_of(op, person, database):
    portal = op.portal()
    op.consent(person, portal, "profile")
    with statements() as (sent, _ends):
        person.code(portal, Pkce(), scope="openid profile")
    [asked] = [one for one in sent if "FROM consent" in one]
    assert asked.endswith("FOR KEY SHARE") == database.startswith("postgresql")
