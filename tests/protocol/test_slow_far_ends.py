"""Far ends that answer slowly or never keep neither the periodic tasks nor one another's messages waiting."""

import time

import pytest
from sqlalchemy import func, insert, select

from idp.clients import registered
from idp.clients.metadata import CIBA_GRANT
from idp.cross_device import begin, ping
from idp.logout import send
from idp.models.cross_device import CIBA, CrossDeviceRequest
from idp.models.logout import LogoutDelivery
from kernel import clock
from kernel.db import reading, transaction
from tests.protocol.test_ciba import DESK, notified
from tests.protocol.test_logout import Far, portal_with

__all__ = ["notified"]


@pytest.fixture
def far_ends(database, load_settings):
    load_settings(DATABASE_URL=database, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")
    both = Far(), Far()
    yield both
    for far in both:
        far.server.shutdown()
        far.server.server_close()


def slow(far, seconds):
    answered = far.server.RequestHandlerClass.do_POST

    def do_POST(handler):  # noqa: N802  # http.server's name
        time.sleep(seconds)
        answered(handler)

    far.server.RequestHandlerClass.do_POST = do_POST


def queue(portal, times):
    now = clock.now()
    rows = [
        {"logout_id": "l", "client_id": portal.client_id, "sub": "s", "session_id": f"{n}", "created_at": now}
        for n in range(times)
    ]
    with transaction() as db:
        db.execute(insert(LogoutDelivery), [row | {"due_at": now, "attempts": 0} for row in rows])


def unconfirmed(portal):
    with reading() as db:
        left = select(func.count()).where(
            LogoutDelivery.client_id == portal.client_id, LogoutDelivery.confirmed_at.is_(None)
        )
        return db.scalar(left)


def test_a_slow_portal_lets_the_others_go_between(op, far_ends):
    here, there = far_ends
    dragging, quick = (
        portal_with(op, backchannel_logout_uri=here.uri),
        portal_with(op, backchannel_logout_uri=there.uri),
    )
    slow(here, send.SLOW_SECONDS + 0.3)
    queue(dragging, 3)
    queue(quick, 2)
    send.send_due()
    assert unconfirmed(quick) == 0
    assert unconfirmed(dragging) >= 1


def test_the_queue_gives_up_its_turn(op, far_ends, monkeypatch):
    here, _there = far_ends
    portal = portal_with(op, backchannel_logout_uri=here.uri)
    slow(here, 0.5)
    queue(portal, 6)
    monkeypatch.setattr(send, "TURN_SECONDS", 1.0)
    assert send.send_due() < 6
    monkeypatch.setattr(send, "TURN_SECONDS", 30.0)
    send.send_due()
    assert unconfirmed(portal) == 0


def test_a_client_that_does_not_listen_is_not_pinged_for_each_of_its_requests(op, notified):
    desk = op.portal(
        **DESK
        | {
            "backchannel_token_delivery_mode": "ping",
            "backchannel_client_notification_endpoint": notified.uri,
            "internal_network": True,
            "grant_types": [CIBA_GRANT],
        }
    )
    notified.status = 500
    client = registered.find(desk.client_id)
    with transaction() as db:
        for _ in range(3):
            begun = begin.write(db, client, kind=CIBA, asked={"scope": "openid"})
            begin.remember_ping(db, begun, "t" * 24)
            db.get_one(CrossDeviceRequest, begun.id).ping_due_at = clock.now()
    assert ping.ping_due() == 1
