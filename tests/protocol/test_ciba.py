"""Client-initiated backchannel authentication (OpenID Connect CIBA Core), for clients that poll or are pinged."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from idp.accounts import login_names
from idp.clients.metadata import CIBA_GRANT
from idp.cross_device import ping
from idp.models.account import LoginName
from idp.models.cross_device import CrossDeviceRequest
from kernel import outbox
from kernel.db import reading, transaction
from kernel.outbox import OutboxEvent
from subscriptions.handlers import HANDLERS
from subscriptions.models.message import InboxMessage
from tests.protocol.parties import ISSUER

DESK = {
    "client_name": "政务服务中心窗口",
    "redirect_uris": [],
    "response_types": [],
    "grant_types": [CIBA_GRANT, "refresh_token"],
    "backchannel_token_delivery_mode": "poll",
    "scope": "openid profile email",
}
NAME = "zhangsan-2026"


class Notified:
    """A client's notification endpoint."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str]]] = []
        self.status = 204
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                mine.got.append((self.headers["Authorization"], body))
                self.send_response(mine.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/notify"


@pytest.fixture
def notified(database, load_settings):
    load_settings(DATABASE_URL=database, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")
    far = Notified()
    yield far
    far.server.shutdown()
    far.server.server_close()


@pytest.fixture
def desk(op):
    return op.portal(**DESK)


@pytest.fixture
def person(op):
    person = op.person().sign_in()
    name = login_names.read(NAME)
    with transaction() as db:
        db.add(LoginName(key=name.key, account_id=person.account_id, kind="username", shown=NAME))
    return person


def ask(op, desk, **form):
    sent = {"scope": "openid profile", "login_hint": NAME, **form}
    given = {name: value for name, value in sent.items() if value is not None}
    return op.machine.post("/bc-authorize", base_url=ISSUER, data=given, headers=desk.basic)


def poll(op, desk, auth_req_id):
    return op.token(desk, grant_type=CIBA_GRANT, auth_req_id=auth_req_id)


def decide(person, do="allow", **form):
    page = person.get("/approvals").text
    action = page.split('href="/approvals/')[1].split('"')[0]
    page = person.get(f"/approvals/{action}").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    return person.http.post(f"/approvals/{action}", base_url=ISSUER, data={"csrf_token": token, "do": do, **form})


def test_the_person_is_asked_and_the_desk_has_tokens(op, desk, person):
    begun = ask(op, desk, binding_message="W-4711").json
    assert set(begun) == {"auth_req_id", "expires_in", "interval"}
    assert poll(op, desk, begun["auth_req_id"]).json["error"] == "authorization_pending"
    assert "W-4711" in person.get("/approvals").text
    assert "已同意" in decide(person).text
    answer = poll(op, desk, begun["auth_req_id"])
    assert answer.status_code == 200, answer.text
    assert op.read(answer.json["id_token"]).claims["aud"] == desk.client_id
    assert poll(op, desk, begun["auth_req_id"]).json["error"] == "invalid_grant"


def test_no_means_access_denied(op, desk, person):
    begun = ask(op, desk).json
    decide(person, do="deny")
    assert poll(op, desk, begun["auth_req_id"]).json["error"] == "access_denied"


def test_the_person_hears_of_it_by_an_event_without_personal_data(op, desk, person):
    ask(op, desk)
    with reading() as db:
        payload = db.scalars(select(OutboxEvent.payload).where(OutboxEvent.name == "idp.approval_asked")).one()
    assert payload["account_id"] == person.account_id
    assert NAME not in str(payload)


def test_the_person_finds_it_among_the_messages(op, desk, person):
    outbox.register(HANDLERS)
    ask(op, desk, binding_message="A017")
    outbox.deliver_due()
    with reading() as db:
        (message,) = db.scalars(select(InboxMessage)).all()
        request_id = db.scalars(select(CrossDeviceRequest.id)).one()
    assert message.account_id == person.account_id
    assert message.link == f"/approvals/{request_id}"
    assert person.get(message.link).status_code == 200
    page = person.get(f"/me/messages/{message.id}").text
    assert "您正在政务服务中心窗口办事" in page
    assert "A017" in page
    assert f'href="{message.link}"' in page


def test_while_it_waits_every_page_of_the_person_says_so(op, desk, person):
    entry, notice = 'href="/approvals"', "有请求等您确认"
    assert entry not in person.get("/account/apps").text
    ask(op, desk)
    assert entry in person.get("/account/apps").text
    home = person.get("/me").text
    assert (entry in home, notice in home) == (True, True)
    assert entry not in op.person().sign_in().get("/account/apps").text
    decide(person)
    assert entry not in person.get("/account/apps").text
    assert notice not in person.get("/me").text


def test_nobody_else_can_see_or_decide_it(op, desk, person):
    begun = ask(op, desk).json
    other = op.person().sign_in()
    with reading() as db:
        request_id = db.scalars(select(CrossDeviceRequest.id)).one()
    assert "政务服务中心窗口" not in other.get("/approvals").text
    assert other.get(f"/approvals/{request_id}").status_code == 303
    token = other.get("/device").text.split('name="csrf_token" value="')[1].split('"')[0]
    other.http.post(f"/approvals/{request_id}", base_url=ISSUER, data={"csrf_token": token, "do": "allow"})
    assert poll(op, desk, begun["auth_req_id"]).json["error"] == "authorization_pending"


def test_an_id_token_of_this_client_names_the_person(op, desk, person):
    begun = ask(op, desk).json
    decide(person)
    hint = poll(op, desk, begun["auth_req_id"]).json["id_token"]
    assert ask(op, desk, login_hint=None, id_token_hint=hint).status_code == 200
    other = op.portal(**DESK)
    assert ask(op, other, login_hint=None, id_token_hint=hint).json["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"login_hint": "nobody-at-all"}, "unknown_user_id"),
        ({"login_hint": "x" * 500}, "unknown_user_id"),
        ({"login_hint": None}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"login_hint": None, "id_token_hint": "x"}, "invalid_request"),
        ({"login_hint": None, "login_hint_token": "x"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"binding_message": "x" * 61}, "invalid_binding_message"),
        ({"binding_message": "a\nb"}, "invalid_binding_message"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "soon"}, "invalid_request"),
        ({"request": "e30.e30."}, "invalid_request"),
    ],
)
def test_what_cannot_be_asked_is_refused(op, desk, person, form, error):
    response = ask(op, desk, **form)
    assert response.status_code == 400
    assert response.json["error"] == error
    assert response.json["error_description"]


def test_without_authentication_nobody_asks(op, desk, person):
    response = op.machine.post("/bc-authorize", base_url=ISSUER, data={"client_id": desk.client_id, "scope": "openid"})
    assert response.status_code == 401
    assert response.json["error"] == "invalid_client"


def test_who_is_not_registered_for_it_cannot_ask(op, person):
    assert ask(op, op.portal()).json["error"] == "unauthorized_client"


def test_nobody_is_asked_again_and_again(op, desk, person):
    answers = [ask(op, desk).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


class TestPing:
    TOKEN = "8d67dc78-7faa-4d41-aabd-67707b374255"

    @pytest.fixture
    def desk(self, op, notified):
        ping_mode = {"backchannel_token_delivery_mode": "ping", "internal_network": True}
        return op.portal(**DESK | ping_mode, backchannel_client_notification_endpoint=notified.uri)

    def test_a_decision_is_told_with_the_client_s_token(self, op, desk, person, notified):
        begun = ask(op, desk, client_notification_token=self.TOKEN).json
        assert ping.ping_due() == 0
        decide(person)
        assert ping.ping_due() == 1
        assert notified.got == [(f"Bearer {self.TOKEN}", {"auth_req_id": begun["auth_req_id"]})]
        assert poll(op, desk, begun["auth_req_id"]).status_code == 200
        assert ping.ping_due() == 0

    def test_a_refusal_is_told_too(self, op, desk, person, notified):
        ask(op, desk, client_notification_token=self.TOKEN)
        decide(person, do="deny")
        ping.ping_due()
        assert len(notified.got) == 1

    def test_a_deaf_client_is_told_a_few_times(self, op, desk, person, notified, frozen_clock):
        notified.status = 500
        person.sign_in()
        ask(op, desk, client_notification_token=self.TOKEN)
        decide(person)
        for _ in range(10):
            ping.ping_due()
            frozen_clock.advance(minutes=5)
        assert len(notified.got) == ping.MOST_ATTEMPTS

    @pytest.mark.parametrize("token", [None, "short", "with space " * 4, "x" * 1025, "ü" * 30])
    def test_the_token_must_be_one(self, op, desk, person, token):
        response = ask(op, desk, client_notification_token=token)
        assert response.json["error"] == "invalid_request"

    def test_token_and_secret_are_sealed_and_go_when_they_were_used(self, op, desk, person, notified):
        begun = ask(op, desk, client_notification_token=self.TOKEN).json
        with reading() as db:
            sealed = db.connection().exec_driver_sql("SELECT ping_token FROM cross_device_request").scalar_one()
        assert self.TOKEN.encode() not in bytes(sealed)
        assert begun["auth_req_id"].encode() not in bytes(sealed)
        decide(person)
        ping.ping_due()
        with reading() as db:
            assert db.scalars(select(CrossDeviceRequest.ping_token)).one() is None
