"""Signed requests, by value and by reference: RFC 9101, OpenID Connect Core §6, IDENTITY §5 (JWT confusion)."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from idp.authorize import reference
from idp.clients import signed
from kernel import clock, http
from tests.protocol.client_keys import key_client, new_key, sign
from tests.protocol.parties import CALLBACK, ISSUER, Pkce, landed
from tests.protocol.pushing import open_handle, parameters, push, request_object
from tests.protocol.test_redirect_uri import MUTATIONS

OTHER = "https://portal.example.gov.cn/other"
PEOPLE = {
    "grant_types": ["authorization_code"],
    "redirect_uris": [CALLBACK, OTHER],
    "scope": "openid profile",
}


@pytest.fixture
def client(op):
    return key_client(op, **PEOPLE)


@pytest.fixture
def person(op):
    return op.person().sign_in()


def asked(person, client, token, **beside):
    """The request object with nothing but client_id beside it."""
    alone = dict.fromkeys(("response_type", "redirect_uri", "scope", "state", "nonce"))
    alone |= dict.fromkeys(("code_challenge", "code_challenge_method"))
    return person.authorize(client.portal, request=token, **(alone | beside))


def told(response, error="invalid_request_object"):
    answer = landed(response).answer
    assert answer["error"] == error, answer
    assert answer["iss"] == ISSUER
    return answer


class TestGood:
    @pytest.mark.parametrize("alg", signed.ALGORITHMS)
    def test_signed_in_every_algorithm_it_is_the_request(self, op, person, alg):
        client, pkce = key_client(op, alg, **PEOPLE), Pkce()
        token = request_object(client.portal, client.key, {"alg": alg}, code_challenge=pkce.challenge, state="inside")
        place = landed(asked(person, client, token))
        assert place.answer["state"] == "inside"
        form = {"grant_type": "authorization_code", "code": place.answer["code"], "redirect_uri": CALLBACK}
        answer = op.token(headers={}, code_verifier=pkce.verifier, **form, **client.form())
        assert op.read(answer.json["id_token"]).claims["nonce"] == "n-1"

    def test_only_what_is_in_it_counts(self, person, client):
        """RFC 9101 §6.3; the redirect URI inside wins (oidcc-ensure-request-object-with-redirect-uri)."""
        token = request_object(client.portal, client.key, redirect_uri=OTHER, state=None)
        place = landed(
            person.authorize(client.portal, request=token, state="beside", scope="nonsense", response_mode="form_post")
        )
        assert place.address.startswith(OTHER + "?code=")
        assert "state" not in place.answer

    def test_what_is_missing_in_it_is_missing(self, person, client):
        token = request_object(client.portal, client.key, code_challenge=None, code_challenge_method=None)
        assert told(person.authorize(client.portal, request=token), "invalid_request")
        token = request_object(client.portal, client.key, response_type=None)
        assert told(person.authorize(client.portal, request=token), "invalid_request")

    def test_numbers_objects_and_lists_are_taken_in_their_own_form(self, person, client):
        token = request_object(
            client.portal,
            client.key,
            max_age=10000,
            claims={"id_token": {"acr": {"essential": True, "values": ["2"]}}},
            resource=[ISSUER],
            unknown={"a": [1, None]},
            aud=[ISSUER, "https://another.example"],
        )
        assert "code" in landed(asked(person, client, token)).answer

    def test_it_goes_to_par_and_by_post_as_well(self, op, person, client):
        token = request_object(client.portal, client.key)
        form = {"client_id": client.portal.client_id, "request": token}
        uri = push(op, client.portal, form | client.form()).json["request_uri"]
        assert "code" in landed(open_handle(person, client.portal, uri)).answer
        posted = asked(person, client, token, method="POST")
        assert "code" in landed(person.get(posted.headers["Location"])).answer

    def test_a_request_too_long_for_an_address_goes_on_behind_a_handle(self, op, person, client):
        """A form of another site brings no cookie, and no proxy takes a longer line."""
        many = json.dumps({"userinfo": {f"claim_{n}": {"essential": True} for n in range(220)}})
        token = request_object(client.portal, client.key, claims=json.loads(many))
        assert 8000 < len(token) < 16_000
        posted = op.visitor().authorize(client.portal, method="POST", request=token, state="beside")
        assert posted.status_code == 303
        assert len(posted.headers["Location"]) < 400
        place = landed(person.get(posted.headers["Location"]))
        assert place.answer["state"] == "st&ate=1"
        assert "code" in place.answer
        assert person.get(posted.headers["Location"]).status_code == 400

    def test_who_registered_to_sign_cannot_go_without(self, op, person):
        client = key_client(op, **PEOPLE, require_signed_request_object=True)
        assert told(person.authorize(client.portal), "invalid_request")
        assert "code" in landed(asked(person, client, request_object(client.portal, client.key))).answer


def _faulty(client, now: int) -> dict[str, dict[str, Any]]:
    return {
        "iss missing": {"iss": None},
        "iss other": {"iss": "somebody"},
        "aud missing": {"aud": None},
        "aud other": {"aud": "https://another.example"},
        "aud endpoint": {"aud": f"{ISSUER}/authorize"},
        "aud par": {"aud": f"{ISSUER}/par"},
        "exp missing": {"exp": None},
        "exp past": {"exp": now - 60},
        "exp text": {"exp": "soon"},
        "nbf ahead": {"nbf": now + 120},
        "iat ahead": {"iat": now + 120},
        "client_id other": {"client_id": "somebody"},
        "request inside": {"request": "e30.e30.e30"},
        "request_uri inside": {"request_uri": "https://portal.example.gov.cn/r"},
        "sub": {"sub": client.portal.client_id},
        "scope list": {"scope": ["openid"]},
        "prompt true": {"prompt": True},
        "state number list": {"state": [1]},
    }


class TestFaulty:
    def test_each_is_told_to_the_address_beside_it(self, op, person, client):
        now = int(clock.now().timestamp())
        for name, changes in _faulty(client, now).items():
            token = request_object(client.portal, client.key, **changes)
            answer = told(person.authorize(client.portal, request=token, state="beside"))
            assert answer["state"] == "beside", name
            assert "code" not in answer, name
            at_par = push(op, client.portal, {"request": token} | client.form())
            assert at_par.status_code == 400, name
            # Without an address beside it a browser would get a page.
            assert at_par.json["error"] == "invalid_request", name
            with_address = push(op, client.portal, {"request": token, "redirect_uri": CALLBACK} | client.form())
            assert with_address.json["error"] == "invalid_request_object", name

    def test_nothing_unsigned_is_taken_or_passed_over(self, person, client):
        """oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported."""
        good = request_object(client.portal, client.key)
        body = good.split(".")[1]
        for head in ("eyJhbGciOiJub25lIn0", "eyJhbGciOiJOb25lIn0"):
            for tag in ("", "x", good.split(".")[2]):
                assert told(person.authorize(client.portal, request=f"{head}.{body}.{tag}"), "request_not_supported")
        assert told(person.authorize(client.portal, request=f"{good.rpartition('.')[0]}."), "request_not_supported")

    def test_only_the_clients_own_registered_keys_count(self, op, person, client):
        theirs, stranger = key_client(op, **PEOPLE), new_key("ES256")
        public = client.key.as_dict(private=False)
        hmac = OctKey.import_key(json.dumps(public).encode())
        now = int(clock.now().timestamp())
        claims = parameters(client.portal) | {"iss": client.portal.client_id, "aud": ISSUER, "exp": now + 60}
        good = request_object(client.portal, client.key)
        for token in (
            request_object(client.portal, stranger),
            request_object(client.portal, stranger, {"kid": client.key.kid}),
            request_object(client.portal, stranger, {"jwk": stranger.as_dict(private=False)}),
            request_object(client.portal, client.key, {"jku": "https://evil.example/jwks"}),
            request_object(client.portal, client.key, {"x5u": "https://evil.example/c"}),
            request_object(client.portal, client.key, {"crit": ["exp"]}),
            request_object(client.portal, client.key, {"kid": "../../dev/null"}),
            request_object(client.portal, client.key, {"kid": "' OR 1=1 --"}),
            request_object(client.portal, theirs.key),
            request_object(theirs.portal, theirs.key),
            sign(hmac, {"alg": "HS256"}, claims),
            good[:-4] + "AAAA",
            f"{good}.x.y",
            "nonsense",
            "a.b.c",
            good + "=",
        ):
            answer = landed(person.authorize(client.portal, request=token)).answer
            assert answer["error"] == "invalid_request_object", (token, answer)

    def test_other_jwts_of_the_client_or_of_ours_are_no_requests(self, op, person, client):
        portal = op.portal()
        issued = op.tokens(portal, person)
        for token in (client.assertion(), issued["id_token"], issued["access_token"]):
            assert told(person.authorize(client.portal, request=token))
        for typ in ("at+jwt", "dpop+jwt", "logout+jwt"):
            assert told(
                person.authorize(client.portal, request=request_object(client.portal, client.key, {"typ": typ}))
            )

    def test_a_request_object_is_no_proof_of_the_client(self, op, client):
        token = request_object(client.portal, client.key)
        response = push(op, client.portal, parameters(client.portal) | client.form(token))
        assert response.json["error"] == "invalid_client"

    def test_the_registered_algorithm_is_the_only_one(self, op, person):
        client = key_client(op, "PS256", **PEOPLE, request_object_signing_alg="PS256")
        assert told(asked_rs(person, client, "RS256"))
        assert "code" in landed(asked_rs(person, client, "PS256")).answer

    def test_without_a_known_address_it_is_a_page(self, person, client):
        for token in ("nonsense", request_object(client.portal, new_key("ES256"))):
            response = asked(person, client, token)
            assert response.status_code == 400
            assert "Location" not in response.headers

    def test_no_mutation_of_the_registered_uri_is_accepted_inside(self, person, client):
        for uri in MUTATIONS:
            response = asked(person, client, request_object(client.portal, client.key, redirect_uri=uri))
            assert response.status_code == 400, uri
            assert "Location" not in response.headers, uri
            beside = person.authorize(
                client.portal, request=request_object(client.portal, new_key("ES256")), redirect_uri=uri
            )
            assert beside.status_code in {400, 414}, uri
            assert "Location" not in beside.headers, uri

    def test_repeated_and_both_forms_at_once_are_refused(self, person, client):
        token = request_object(client.portal, client.key)
        assert told(person.authorize(client.portal, request=[token, token]), "invalid_request")
        assert told(
            person.authorize(client.portal, request=token, request_uri="https://x.example/r"), "invalid_request"
        )
        assert told(person.authorize(client.portal, request=token, registration="{}"), "registration_not_supported")

    def test_a_client_without_keys_is_told_so_without_a_fault_of_ours(self, op, person):
        portal = op.portal()
        answer = landed(person.authorize(portal, request=request_object(portal, new_key("ES256")))).answer
        assert answer["error"] == "invalid_request_object"

    def test_for_fapi_an_hour_is_the_most(self, op, person):
        client = key_client(op, **PEOPLE, security_profile="fapi2")
        now = int(clock.now().timestamp())
        form = {"client_id": client.portal.client_id} | client.form()
        for ahead, status in ((3590, 201), (3700, 400)):
            token = request_object(client.portal, client.key, exp=now + ahead)
            assert push(op, client.portal, form | client.form() | {"request": token}).status_code == status


def asked_rs(person, client, alg):
    return person.authorize(client.portal, request=request_object(client.portal, client.key, {"alg": alg}))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
NAMES = [
    *("iss", "aud", "exp", "nbf", "iat", "jti", "client_id", "response_type", "response_mode", "redirect_uri", "scope"),
    *(
        "state",
        "nonce",
        "prompt",
        "max_age",
        "claims",
        "resource",
        "authorization_details",
        "code_challenge",
        "acr_values",
    ),
    *("code_challenge_method", "id_token_hint", "login_hint", "dpop_jkt", "ui_locales", "display", "x"),
]


def test_whatever_is_in_it_the_answer_is_a_refusal_or_a_step(op, person, client):
    @settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1, max_size=4))
    def fuzz(members):
        claims = parameters(client.portal) | {"iss": client.portal.client_id, "aud": ISSUER, "exp": 9_999_999_999}
        try:
            token = sign(client.key, {"alg": "ES256"}, claims | members)
        except UnicodeEncodeError:
            return
        response = person.authorize(client.portal, request=token)
        assert response.status_code in {200, 303, 400, 414}, (response.status_code, members)
        if response.status_code == 303:
            assert response.headers["Location"].startswith((CALLBACK, OTHER, "/login", "/consent?")), members
        pushed = push(op, client.portal, {"request": token} | client.form())
        assert pushed.status_code in {201, 400}, (pushed.status_code, members)

    fuzz()


class TestByReference:
    URI = "https://portal.example.gov.cn/request.jwt"

    @pytest.fixture
    def far_end(self, monkeypatch):
        """What the portal's own server answers; the calls that were made."""
        end = FarEnd()
        monkeypatch.setattr(http, "request", end)
        return end

    @pytest.fixture
    def client(self, op):
        return key_client(op, **PEOPLE, request_uris=[self.URI + "#hash-of-it"])

    def test_what_is_at_a_registered_address_is_the_request(self, person, client, far_end):
        """oidcc-request-uri-signed-rs256, whose object says not until when it is good."""
        far_end.body = request_object(client.portal, client.key, exp=None, iat=None, state="fetched")
        for fragment in ("", "#hash-of-it", "#another"):
            place = landed(person.authorize(client.portal, request_uri=self.URI + fragment))
            assert place.answer["state"] == "fetched"
            assert "code" in place.answer
        assert far_end.asked == [self.URI] * 3

    def test_others_are_never_called(self, op, person, client, far_end):
        for uri in (
            "https://evil.example/r",
            "http://127.0.0.1/",
            self.URI + "/x",
            self.URI + "?x",
            "file:///etc/passwd",
        ):
            assert told(person.authorize(client.portal, request_uri=uri), "invalid_request_uri")
        for plain in (op.portal(), key_client(op, **PEOPLE).portal):
            assert told(person.authorize(plain, request_uri=self.URI), "request_uri_not_supported")
        assert far_end.asked == []

    def test_an_unsigned_or_foreign_one_is_refused_as_by_value(self, person, client, far_end):
        far_end.body = request_object(client.portal, new_key("ES256"))
        assert told(person.authorize(client.portal, request_uri=self.URI))
        far_end.body = "eyJhbGciOiJub25lIn0.e30."
        assert told(person.authorize(client.portal, request_uri=self.URI), "request_not_supported")

    def test_a_far_end_that_is_down_is_told(self, person, client, far_end):
        far_end.body = request_object(client.portal, client.key)
        far_end.status = 404
        assert told(person.authorize(client.portal, request_uri=self.URI), "invalid_request_uri")
        far_end.down = True
        assert told(person.authorize(client.portal, request_uri=self.URI), "invalid_request_uri")

    def test_nobody_can_make_us_call_without_end(self, person, client, far_end):
        far_end.body = "x"
        for _ in range(reference.MOST_A_MINUTE):
            reference_told = person.authorize(client.portal, request_uri=self.URI)
        assert told(reference_told)
        assert told(person.authorize(client.portal, request_uri=self.URI), "invalid_request_uri")
        assert len(far_end.asked) == reference.MOST_A_MINUTE

    def test_addresses_that_hang_do_not_hold_all_threads(self, op, client, far_end):
        """Anybody's browser makes us call: what waits is bounded, and the others are answered at once."""
        going, hanging = threading.Event(), threading.Semaphore(0)
        far_end.body = request_object(client.portal, client.key)

        def hang():
            hanging.release()
            assert going.wait(20)

        far_end.first = hang
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(lambda: op.visitor().authorize(client.portal, request_uri=self.URI)) for _ in "abc"]
            for _ in waiting:
                assert hanging.acquire(timeout=20)
            assert told(op.visitor().authorize(client.portal, request_uri=self.URI), "invalid_request_uri")
            going.set()
            assert [each.result(20).headers["Location"].startswith("/login?") for each in waiting] == [True] * 3
        assert op.visitor().authorize(client.portal, request_uri=self.URI).headers["Location"].startswith("/login?")

    def test_not_for_those_who_must_push(self, op, person, far_end):
        client = key_client(op, **PEOPLE, request_uris=[self.URI], require_pushed_authorization_requests=True)
        assert told(person.authorize(client.portal, request_uri=self.URI), "request_uri_not_supported")
        assert far_end.asked == []


class FarEnd:
    def __init__(self) -> None:
        self.body, self.status, self.down = "", 200, False
        self.asked: list[str] = []
        self.first: Callable[[], None] = lambda: None

    def __call__(self, method: str, url: str, **options: Any) -> http.Answer:
        assert method == "GET"
        assert options == {
            "timeout": reference.FETCH_SECONDS,
            "max_bytes": signed.MOST_CHARACTERS,
            "internal": False,
        }
        self.asked.append(url)
        self.first()
        if self.down:
            raise http.Unreachable(detail=url)
        return http.Answer(status=self.status, headers={}, body=self.body.encode())
