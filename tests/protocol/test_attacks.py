"""IDENTITY §5, the rest of the table for the provider: what a browser, a forged address or a patient guesser can do."""

import re
from urllib.parse import urlencode

import pytest
from sqlalchemy import update

from idp.accounts import login_names
from idp.clients.metadata import CIBA_GRANT, DEVICE_GRANT
from idp.endpoints import bc_authorize
from idp.models.account import BLOCKED, Account, LoginName
from kernel.db import transaction
from tests.protocol import test_ciba, test_device_grant
from tests.protocol.fuzz_requests import EXCHANGE, Requests
from tests.protocol.parties import ISSUER, flow_of, landed
from tests.protocol.pushing import form_of
from tests.protocol.test_redirect_uri import BROKEN, MUTATIONS, REGISTERED

MODES = [None, "query", "form_post", "jwt", "query.jwt", "form_post.jwt"]
ELSEWHERE = [
    *(
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example/",
        "/\t/evil.example",
        "\\\\evil.example",
    ),
    *(
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/%09/evil.example",
        "/..//evil.example",
        "http:///evil",
    ),
    *(
        f"{ISSUER}.evil.example/",
        f"{ISSUER}@evil.example/",
        "/\r\nLocation: https://evil.example/",
        "evil.example",
        "?//evil",
    ),
    *MUTATIONS[4:12],
]


def a_page(response):
    assert response.status_code == 400, (response.status_code, response.headers.get("Location"))
    assert "Location" not in response.headers
    assert not re.search(r"<form[^>]*action=\"https?:", response.text)
    return True


class TestRedirectUri:
    """No response mode and no other fault makes an unregistered address a target (CVE-2026-41479, -44681)."""

    @pytest.mark.parametrize("mode", MODES)
    def test_no_mutation_in_any_mode(self, op, mode):
        portal = op.portal(redirect_uris=[REGISTERED])
        for person in (op.visitor(), op.person().sign_in()):
            for uri in MUTATIONS if mode else MUTATIONS[:1]:
                assert a_page(person.authorize(portal, redirect_uri=uri, response_mode=mode)), uri

    @pytest.mark.parametrize("mode", MODES[2:])
    def test_nor_beside_another_fault(self, op, mode):
        portal, person = op.portal(redirect_uris=[REGISTERED]), op.person().sign_in()
        for fault in BROKEN:
            changes = {"response_mode": mode} | fault
            assert a_page(person.authorize(portal, redirect_uri="https://evil.example/cb", **changes)), fault
            assert a_page(person.authorize(portal, method="POST", redirect_uri="https://evil.example/cb", **changes))


class TestMixUp:
    """RFC 9207, RFC 9700 §4.4: every answer names us, so that no client takes it for another provider's."""

    def said(self, op, response, mode):
        if mode == "form_post":
            return form_of(response)[1]
        answer = form_of(response)[1] if mode == "form_post.jwt" else landed(response).answer
        return op.read(answer["response"]).claims if "response" in answer else answer

    @pytest.mark.parametrize("mode", MODES)
    def test_answers_and_errors(self, op, mode):
        portal, person = op.portal(), op.person().sign_in()
        changes = {"response_mode": mode} if mode else {}
        asked = [
            {},
            {"prompt": "none", "scope": "openid email"},
            {"max_age": "x"},
            {"scope": "x"},
            {"response_type": "token"},
        ]
        for fault in asked:
            said = self.said(op, person.authorize(portal, **changes, **fault), mode)
            assert said["iss"] == ISSUER, fault
            assert ("code" in said) is (fault == {})
            assert "code" in said or "error" in said
        assert self.said(op, op.visitor().authorize(portal, **changes, prompt="none"), mode)["iss"] == ISSUER

    def test_who_says_no(self, op):
        portal, person = op.portal(), op.person().sign_in()
        flow = flow_of(person.authorize(portal, scope="openid email"))
        person.send("/consent", on=f"/consent?flow={flow}", flow=flow, do="deny")
        said = landed(person.get(f"/authorize/resume?flow={flow}")).answer
        assert (said["error"], said["iss"]) == ("access_denied", ISSUER)


class TestFixation:
    """A flow belongs to the browser that began it; knowing its name is never enough (CVE-2026-7507)."""

    PAGES = ("/authorize/resume", "/consent", "/login", "/login/account", "/login/step-up", "/logout")

    def test_no_page_goes_on_in_another_browser(self, op):
        portal, victim, thief = op.portal(), op.person().sign_in(), op.person().sign_in()
        flow = flow_of(victim.authorize(portal, scope="openid email"))
        for page in self.PAGES:
            for browser in (thief, op.visitor()):
                response = browser.get(f"{page}?flow={flow}")
                assert "portal.example.gov.cn" not in response.headers.get("Location", ""), page
                assert "code=" not in response.headers.get("Location", ""), page
        assert victim.get(f"/consent?flow={flow}").status_code == 200  # it is still its own browser's

    @pytest.mark.parametrize("do", ["allow", "deny", "decline", "other"])
    def test_no_form_decides_for_another_browser(self, op, do):
        portal, victim, thief = op.portal(), op.person().sign_in(), op.person().sign_in()
        flow = flow_of(victim.authorize(portal, scope="openid email"))
        own = flow_of(thief.authorize(portal, scope="openid email"))
        for page in ("/consent", "/login/step-up", "/login/account"):
            response = thief.send(page, on=f"/consent?flow={own}", flow=flow, do=do, scope="email")
            assert "code=" not in response.headers.get("Location", "")
        assert victim.get(f"/consent?flow={flow}").status_code == 200
        assert victim.authorize(portal, scope="openid email").headers["Location"].startswith("/consent")

    def test_a_flow_that_began_before_the_sign_in_is_not_the_next_persons(self, op):
        """A shared computer: what one left open does not go on as somebody else after signing out."""
        portal, first = op.portal(), op.person().sign_in()
        flow = flow_of(first.authorize(portal, scope="openid email"))
        first.send("/logout", on="/logout")
        second = op.person()
        second.http = first.http
        second.sign_in()
        response = second.get(f"/authorize/resume?flow={flow}")
        assert response.status_code == 400
        assert "Location" not in response.headers


def test_no_place_for_an_address_leads_elsewhere(op):
    """``next`` of every page, before, at and after the sign-in; the pages' own links included."""
    portal, person, visitor = op.portal(), op.person().sign_in(), op.visitor()
    flow = flow_of(visitor.authorize(portal))
    places = ("/login", "/login/step-up", "/login/account", "/consent", "/logout", "/device", "/account/two-step")
    for place in places:
        for target in ELSEWHERE:
            for browser in (person, visitor):
                for name in ("next", "of", "goal"):
                    query = urlencode({name: target, "flow": flow})
                    response = browser.get(f"{place}?{query}")
                    location = response.headers.get("Location", "/")
                    assert re.match(r"/(?![/\\])[\x21-\x7e]*\Z", location), (place, name, target, location)
                    leads = re.findall(r"(?:href|action|src)=\"([^\"]*)\"", response.text)
                    assert not [to for to in leads if "evil" in to and not to.startswith(("/", "?"))], (place, target)


FORGED = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Original-Host": "evil.example",
    "Forwarded": "host=evil.example;proto=http",
}


def test_a_forged_host_is_in_no_answer(op):
    """ZITADEL CVE-2025-64101: whatever the request says, links and issuers are PUBLIC_URL's."""
    asked = Requests(op)
    for kind in asked.kinds():
        good = asked.make(kind)
        for headers in (good.headers | FORGED, FORGED):
            response = op.machine.open(good.path, base_url=ISSUER, **good.options | {"headers": headers})
            assert "evil" not in response.text + str(response.headers), kind
    flow = flow_of(op.visitor().authorize(asked.portal))
    pages = [
        "/",
        "/login",
        f"/login?flow={flow}",
        "/device",
        "/approvals",
        "/account/apps",
        "/developers/errors",
        "/nowhere",
    ]
    for browser in (asked.person, op.visitor()):
        for page in [*pages, f"/authorize?{urlencode(asked.authorization())}", "/authorize", "/end_session", "/me"]:
            response = browser.http.get(page, base_url=ISSUER, headers=FORGED)
            assert "evil" not in response.text + str(response.headers), page


class TestWhoExists:
    """A desk that may ask people learns as little as possible about who has an account."""

    @pytest.fixture
    def desk(self, op):
        return op.portal(**test_ciba.DESK)

    @pytest.fixture
    def person(self, op):
        person = op.person().sign_in()
        name = login_names.read(test_ciba.NAME)
        with transaction() as db:
            db.add(LoginName(key=name.key, account_id=person.account_id, kind="username", shown=test_ciba.NAME))
        return person

    def test_a_blocked_account_looks_like_none(self, op, desk, person):
        with transaction() as db:
            db.execute(update(Account).where(Account.id == person.account_id).values(status=BLOCKED))
        blocked = test_ciba.ask(op, desk)
        unknown = test_ciba.ask(op, desk, login_hint="nobody-2026")
        assert blocked.json["error"] == "unknown_user_id"
        assert (blocked.status_code, blocked.json) == (unknown.status_code, unknown.json)

    def test_who_guesses_names_is_stopped_also_at_the_right_ones(self, op, desk, person, frozen_clock):
        for number in range(bc_authorize.MOST_MISSES):
            assert test_ciba.ask(op, desk, login_hint=f"nobody-{number}").json["error"] == "unknown_user_id"
        for hint in ("nobody-x", test_ciba.NAME):
            stopped = test_ciba.ask(op, desk, login_hint=hint)
            assert (stopped.status_code, stopped.headers["Retry-After"]) == (429, "3600")
            assert "Retry-After" in stopped.json["error_description"]
        other = op.portal(**test_ciba.DESK)
        assert test_ciba.ask(op, other).status_code == 200


class TestLock:
    """A lock holds on all grants (CVE-2026-9798, CVE-2026-16103), and its end brings nothing back that it ended."""

    def test_on_every_grant_and_on_what_was_given(self, op):
        asked = Requests(op)
        kinds = [kind for kind in asked.kinds() if kind.startswith("token:") and "client_credentials" not in kind]
        kiosk = op.portal(**test_device_grant.KIOSK)
        begun = test_device_grant.start(op, kiosk).json
        test_device_grant.decide(asked.person, begun["user_code"])
        desk = asked.make(f"token:{CIBA_GRANT}")
        test_ciba.decide(asked.person)
        good = {kind: asked.make(kind) for kind in kinds}
        with transaction() as db:
            db.execute(update(Account).where(Account.id == asked.person.account_id).values(status=BLOCKED))
        approved = [
            test_device_grant.poll(op, kiosk, begun["device_code"]),
            op.token(headers=desk.headers, **desk.form),
            *(
                op.token(headers=one.headers, **{n: v for n, v in one.form.items() if v})
                for kind, one in good.items()
                if kind not in {f"token:{DEVICE_GRANT}", f"token:{CIBA_GRANT}"}
            ),
        ]
        assert len(approved) == 5  # code, refresh, exchange, and two that were approved before
        for response in approved:
            assert response.status_code == 400, response.text
            assert response.json["error"] in {"invalid_grant", "access_denied", "invalid_request"}
        assert op.userinfo(asked.tokens["access_token"]).status_code == 401
        hint = {"scope": "openid", "id_token_hint": asked.tokens["id_token"]}
        answer = op.machine.post("/bc-authorize", base_url=ISSUER, data=hint, headers=asked.portal.basic)
        assert answer.json["error"] == "unknown_user_id"
        assert "code=" not in asked.person.authorize(asked.portal).headers.get("Location", "")
        assert EXCHANGE in str(kinds)
