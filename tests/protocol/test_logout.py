"""Signing out: RP-Initiated, Front-Channel and Back-Channel Logout (OpenID Connect)."""

import re
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select

from idp import login_sessions
from idp.logout import send
from idp.models.logout import LogoutDelivery
from idp.models.session import LoginSession
from idp.tokens import keys
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.parties import ISSUER

BACK = "https://portal.example.gov.cn/bye?from=kapok"


class Far:
    """A portal's back-channel endpoint, which answers as it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, list[str]]]] = []
        self.status = 200
        far = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                far.got.append((self.headers["Content-Type"], parse_qs(body)))
                self.send_response(far.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/logout"

    @property
    def tokens(self) -> list[str]:
        return [form["logout_token"][0] for _, form in self.got]


@pytest.fixture
def far(database, load_settings):
    load_settings(DATABASE_URL=database, EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")
    far = Far()
    yield far
    far.server.shutdown()
    far.server.server_close()


def portal_with(op, **changes):
    return op.portal(post_logout_redirect_uris=[BACK], internal_network=True, **changes)


def leave(person, method="GET", **parameters):
    sent = {name: value for name, value in parameters.items() if value is not None}
    if method == "POST":
        headers = {"Origin": "https://portal.example.gov.cn", "Sec-Fetch-Site": "cross-site"}
        return person.http.post("/end_session", base_url=ISSUER, data=sent, headers=headers)
    return person.get(f"/end_session?{urlencode(sent)}")


def alive(person):
    with reading() as db:
        return db.get(LoginSession, person.session_id) is not None


class TestRpInitiated:
    @pytest.fixture
    def portal(self, op):
        return portal_with(op)

    @pytest.fixture
    def person(self, op):
        return op.person().sign_in()

    def test_who_shows_an_id_token_of_this_session_is_signed_out_and_sent_back_with_state(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        response = leave(person, id_token_hint=hint, post_logout_redirect_uri=BACK, state="s&1 2")
        assert response.status_code == 303
        assert response.headers["Location"].startswith(BACK)
        assert dict(parse_qsl(urlsplit(response.headers["Location"]).query)) == {"from": "kapok", "state": "s&1 2"}
        assert not alive(person)

    def test_tokens_of_the_session_are_worth_nothing_afterwards(self, op, portal, person):
        answer = op.tokens(portal, person)
        leave(person, id_token_hint=answer["id_token"], post_logout_redirect_uri=BACK)
        assert op.userinfo(answer["access_token"]).status_code == 401
        assert op.refresh(portal, answer["refresh_token"]).json["error"] == "invalid_grant"

    def test_an_expired_id_token_is_as_good_a_hint(self, op, portal, person, frozen_clock):
        hint = op.tokens(portal, person.sign_in())["id_token"]
        frozen_clock.advance(hours=2)
        other = op.person().sign_in()
        assert leave(other, id_token_hint=hint, post_logout_redirect_uri=BACK).status_code == 303

    def test_by_post_it_goes_on_by_get_where_the_cookie_comes_along(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        response = leave(person, "POST", id_token_hint=hint, post_logout_redirect_uri=BACK, state="x")
        assert response.status_code == 303
        assert alive(person)
        assert response.headers["Location"].startswith("/end_session?")
        assert person.get(response.headers["Location"]).headers["Location"].startswith(BACK)
        assert not alive(person)

    def test_nobody_signed_in_goes_straight_back(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        response = leave(op.visitor(), id_token_hint=hint, post_logout_redirect_uri=BACK, state="x")
        assert response.headers["Location"] == f"{BACK}&state=x"

    @pytest.mark.parametrize("parameters", [{}, {"state": "x"}, {"ui_locales": "en"}, {"logout_hint": "somebody"}])
    def test_without_a_hint_the_person_is_asked_and_can_sign_out(self, person, parameters):
        response = leave(person, **parameters)
        assert response.status_code == 303
        page = person.get(response.headers["Location"])
        assert "要退出登录吗" in page.text
        assert alive(person)

    def test_a_hint_of_another_session_asks_first(self, op, portal, person):
        hint = op.tokens(portal, op.person().sign_in())["id_token"]
        response = leave(person, id_token_hint=hint, post_logout_redirect_uri=BACK)
        assert urlsplit(response.headers["Location"]).path == "/logout"
        assert alive(person)

    def wrong(self, op, portal, person):
        own = op.tokens(portal, person)
        claims = op.read(own["id_token"]).claims
        mine = ECKey.generate_key("P-256", {"kid": keys.ring().signing["ES256"].key.kid})
        parts = own["id_token"].split(".")
        return {
            "of nobody": "abc",
            "access token": own["access_token"],
            "unsigned": f"eyJhbGciOiJub25lIn0.{parts[1]}.",
            "forged": jwt.encode({"alg": "ES256", "kid": mine.kid, "typ": "JWT"}, claims, mine),
            "cut": own["id_token"][:-10],
            "long": "a" * 9000,
        }

    @pytest.mark.parametrize("which", ["of nobody", "access token", "unsigned", "forged", "cut", "long"])
    def test_a_hint_that_is_none_of_ours_redirects_nowhere(self, op, portal, person, which):
        hint = self.wrong(op, portal, person)[which]
        response = leave(person, id_token_hint=hint, post_logout_redirect_uri=BACK)
        assert response.status_code in {400, 414}
        assert "Location" not in response.headers
        assert alive(person)

    @pytest.mark.parametrize(
        "uri",
        [
            f"{BACK}&foo=bar",
            BACK.replace("?from=kapok", ""),
            BACK.upper(),
            f"{BACK}#x",
            "https://portal.example.gov.cn@evil.example/bye?from=kapok",
            "https://evil.example/",
            "javascript:alert(1)",
            "//evil.example/",
            f" {BACK}",
            f"{BACK}\n",
            "https://portal.example.gov.cn/%2e%2e/bye?from=kapok",
        ],
    )
    def test_an_address_that_is_not_registered_is_never_gone_to(self, op, portal, person, uri):
        hint = op.tokens(portal, person)["id_token"]
        response = leave(person, id_token_hint=hint, post_logout_redirect_uri=uri)
        assert response.status_code == 400
        assert "Location" not in response.headers
        # The page's own links remember this address as text; none of them leads away.
        assert not re.search(r"""(?:href|action|src)=["'](?!/(?!/)|#|tel:)""", response.text)
        assert response.headers["X-Request-Id"] in response.text

    def test_without_a_hint_no_address_is_gone_to(self, portal, person):
        response = leave(person, client_id=portal.client_id, post_logout_redirect_uri=BACK)
        assert response.status_code == 400
        assert "Location" not in response.headers

    def test_client_id_must_be_the_hint_s(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        other = portal_with(op)
        assert leave(person, id_token_hint=hint, client_id=other.client_id).status_code == 400
        assert leave(person, id_token_hint=hint, client_id=portal.client_id).status_code == 303

    def test_a_repeated_parameter_is_refused(self, op, portal, person):
        hint = op.tokens(portal, person)["id_token"]
        query = urlencode([("id_token_hint", hint), ("post_logout_redirect_uri", BACK), ("state", "1"), ("state", "2")])
        assert person.get(f"/end_session?{query}").status_code == 400

    def test_the_question_can_be_answered_and_leads_back(self, op, portal, person):
        hint = op.tokens(portal, op.person().sign_in())["id_token"]
        page = person.get(leave(person, id_token_hint=hint, post_logout_redirect_uri=BACK).headers["Location"])
        token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
        of = page.text.split('name="of" value="')[1].split('"')[0]
        response = person.http.post("/logout", base_url=ISSUER, data={"csrf_token": token, "of": of})
        assert response.headers["Location"] == BACK
        assert not alive(person)


class TestFrontChannel:
    def test_the_page_holds_a_frame_of_each_portal_with_issuer_and_session(self, op):
        front = "https://portal.example.gov.cn/front?x=1"
        portal = portal_with(op, frontchannel_logout_uri=front, frontchannel_logout_session_required=True)
        person = op.person().sign_in()
        hint = op.tokens(portal, person)["id_token"]
        response = leave(person, id_token_hint=hint, post_logout_redirect_uri=BACK, state="7")
        page = person.get(response.headers["Location"])
        # It may sign the person out there, but neither take them elsewhere nor open a dialog.
        apart = 'sandbox="allow-scripts allow-same-origin allow-forms"'
        assert page.text.count("<iframe") == page.text.count(apart) == 1
        frame = page.text.split('<iframe src="')[1].split('"')[0].replace("&amp;", "&")
        assert frame.startswith(f"{front}&")
        assert dict(parse_qsl(urlsplit(frame).query)) == {"x": "1", "iss": ISSUER, "sid": person.session_id}
        assert "frame-src https://portal.example.gov.cn;" in page.headers["Content-Security-Policy"]
        assert f'href="{BACK}&amp;state=7"' in page.text

    def test_it_is_one_browser_s_page_only(self, op):
        portal = portal_with(op, frontchannel_logout_uri="https://portal.example.gov.cn/front")
        person = op.person().sign_in()
        hint = op.tokens(portal, person)["id_token"]
        place = leave(person, id_token_hint=hint, post_logout_redirect_uri=BACK).headers["Location"]
        assert "<iframe" not in op.visitor().get(place).text


class TestBackChannel:
    @pytest.fixture
    def portal(self, op, far):
        return portal_with(op, backchannel_logout_uri=far.uri, backchannel_logout_session_required=True)

    @pytest.fixture
    def person(self, op, far):
        return op.person().sign_in()

    def test_the_logout_token_names_the_person_and_session_of_the_id_token(self, op, far, portal, person, frozen_clock):
        answer = op.tokens(portal, person.sign_in())
        issued = op.read(answer["id_token"]).claims
        leave(person, id_token_hint=answer["id_token"])
        assert send.send_due() == 1
        assert far.got[0][0] == "application/x-www-form-urlencoded"
        token = op.read(far.tokens[0])
        assert token.header["typ"] == "logout+jwt"
        now = int(frozen_clock.now.timestamp())
        assert token.claims == {
            "iss": ISSUER,
            "aud": portal.client_id,
            "sub": issued["sub"],
            "sid": issued["sid"],
            "iat": now,
            "exp": now + 120,
            "jti": token.claims["jti"],
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }

    def test_it_is_no_id_token_and_no_access_token(self, op, far, portal, person):
        answer = op.tokens(portal, person)
        leave(person, id_token_hint=answer["id_token"])
        send.send_due()
        other = op.person().sign_in()
        assert leave(other, id_token_hint=far.tokens[0]).status_code == 400
        assert op.userinfo(far.tokens[0]).status_code == 401

    def test_afterwards_nobody_is_signed_in(self, op, far, portal, person):
        leave(person, id_token_hint=op.tokens(portal, person)["id_token"])
        send.send_due()
        query = parse_qs(urlsplit(person.authorize(portal, prompt="none").headers["Location"]).query)
        assert query["error"] == ["login_required"]

    def test_front_and_back_both_happen(self, op, far):
        both = portal_with(
            op, backchannel_logout_uri=far.uri, frontchannel_logout_uri="https://portal.example.gov.cn/front"
        )
        person = op.person().sign_in()
        response = leave(person, id_token_hint=op.tokens(both, person)["id_token"], post_logout_redirect_uri=BACK)
        page = person.get(response.headers["Location"])
        assert "<iframe" in page.text
        assert "正在通知" in page.text
        send.send_due()
        assert "已退出" in person.get(response.headers["Location"]).text
        assert len(far.got) == 1

    @pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
    def test_who_does_not_confirm_is_told_again_until_it_does(  # noqa: PLR0917  # fixtures
        self, op, far, portal, person, frozen_clock, status
    ):
        far.status = status
        leave(person, id_token_hint=op.tokens(portal, person.sign_in())["id_token"])
        assert send.send_due() == 1
        assert send.send_due() == 0
        frozen_clock.advance(send.FIRST_WAIT)
        assert send.send_due() == 1
        far.status = 204
        frozen_clock.advance(2 * send.FIRST_WAIT)
        assert send.send_due() == 1
        frozen_clock.advance(timedelta(days=2))
        assert send.send_due() == 0
        assert len({op.read(token).claims["jti"] for token in far.tokens}) == 3
        with reading() as db:
            row = db.scalars(select(LogoutDelivery)).one()
        assert row.confirmed_at is not None
        assert row.attempts == 3

    def test_after_a_day_it_is_given_up_and_said_so(self, op, far, portal, person, frozen_clock):
        far.status = 500
        response = leave(person.sign_in(), id_token_hint=op.tokens(portal, person)["id_token"])
        for _ in range(send.MOST_ATTEMPTS):
            send.send_due()
            frozen_clock.advance(send.LONGEST_WAIT)
        assert send.send_due() == 0
        with reading() as db:
            assert db.scalars(select(LogoutDelivery)).one().given_up_at is not None
            audited = db.scalars(select(AuditEntry.subject).where(AuditEntry.act == "logout.unconfirmed")).all()
        assert audited == [portal.client_id]
        assert response.status_code == 303

    def test_a_silent_portal_does_not_hold_up_the_others(self, op, far, portal, person, frozen_clock):
        dead = portal_with(op, backchannel_logout_uri="http://127.0.0.1:9/logout")
        for _ in range(5):
            other = op.person().sign_in()
            op.tokens(dead, other)
            leave(other, id_token_hint=op.tokens(dead, other)["id_token"])
        leave(person.sign_in(), id_token_hint=op.tokens(portal, person)["id_token"])
        assert send.send_due() == 2
        assert len(far.got) == 1

    def test_a_session_ended_from_another_device_is_told_too(self, op, far, portal, person):
        op.tokens(portal, person)
        with transaction() as db:
            login_sessions.end(db, person.account_id, session_id=person.session_id)
        send.send_due()
        assert op.read(far.tokens[0]).claims["sid"] == person.session_id

    def test_a_portal_that_was_not_used_hears_nothing(self, op, far, portal, person):
        leave(person)
        assert send.send_due() == 0

    def test_without_leave_of_the_operator_no_inner_address_is_called(self, op, far, frozen_clock):
        portal = op.portal(backchannel_logout_uri=far.uri)
        person = op.person().sign_in()
        leave(person, id_token_hint=op.tokens(portal, person)["id_token"])
        assert send.send_due() == 1
        assert far.got == []
        with reading() as db:
            assert db.scalars(select(LogoutDelivery.last_error)).one() == "egress_refused"

    def test_deliveries_are_forgotten_after_a_month(self, op, far, portal, person, frozen_clock):
        leave(person.sign_in(), id_token_hint=op.tokens(portal, person)["id_token"])
        send.send_due()
        frozen_clock.advance(send.KEPT + timedelta(minutes=1))
        send.sweep()
        with reading() as db:
            assert db.scalars(select(LogoutDelivery)).all() == []
