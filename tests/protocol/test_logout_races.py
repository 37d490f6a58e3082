"""Nothing grows out of a session that is being ended at the same moment, on another node for one."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select

from idp import login_sessions
from idp.clients import registered
from idp.cross_device import poll
from idp.models.cross_device import DEVICE
from idp.models.session import LoginSession
from idp.models.token import TokenFamily
from idp.tokens import families
from kernel.db import reading, transaction
from tests.protocol.parties import Pkce
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
