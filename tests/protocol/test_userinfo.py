"""UserInfo (OpenID Connect Core §5.3) and bearer tokens (RFC 6750)."""

import base64
import hmac
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import update

from idp import bearer as bearers
from idp.claims import ClaimsPort
from idp.models.account import BLOCKED, Account
from idp.models.client import Client
from idp.tokens import keys
from idp.tokens.algorithms import ALGORITHMS
from kernel import machine
from kernel.db import transaction
from tests.protocol.parties import ISSUER


@pytest.fixture
def portal(op):
    return op.portal(scope="openid profile email identity materials")


@pytest.fixture
def person(op):
    return op.person(email="z@example.gov.cn").sign_in()


@pytest.fixture
def access_token(op, portal, person):
    op.consent(person, portal, "email", "profile")
    return op.tokens(portal, person, scope="openid email profile")["access_token"]


def challenged(response, error, status=401):
    assert response.status_code == status, response.text
    assert response.json["error"] == error
    assert response.headers["WWW-Authenticate"].startswith(f'Bearer realm="kapok", error="{error}"')
    return True


class TestAnswer:
    @pytest.mark.parametrize(
        "options",
        [
            {"method": "GET", "send": "header"},
            {"method": "POST", "send": "header"},
            {"method": "POST", "send": "form"},
        ],
    )
    def test_by_get_by_post_and_in_the_form(self, op, access_token, options):
        if options["send"] == "form":
            response = op.userinfo(method="POST", data={"access_token": access_token})
        else:
            response = op.userinfo(access_token, method=options["method"])
        assert response.status_code == 200
        assert response.json["email"] == "z@example.gov.cn"
        assert response.json["name"] == "张三"
        assert response.headers["Cache-Control"] == "no-store"

    def test_sub_is_that_of_the_id_token(self, op, portal, person):
        answer = op.tokens(portal, person)
        assert op.userinfo(answer["access_token"]).json == {"sub": op.read(answer["id_token"]).claims["sub"]}

    def test_the_scheme_name_is_case_insensitive(self, op, access_token):
        assert op.userinfo(headers={"Authorization": f"bearer {access_token}"}).status_code == 200

    def test_what_the_port_answers_cannot_replace_the_sub(self, op, access_token, monkeypatch):
        from idp import claims

        class Liar(ClaimsPort):
            def lines(self, db, **_):
                return []

            def values(self, db, *, account_id, party_key, scopes, client_id, purpose, only):
                assert scopes == {"email", "profile"}
                assert only is None
                return {"sub": "somebody else", "iss": "https://evil.example", "name": "真名"}

        monkeypatch.setattr(claims, "_installed", Liar())
        answer = op.userinfo(access_token).json
        assert answer["name"] == "真名"
        assert answer["sub"] != "somebody else"
        assert "iss" not in answer

    @pytest.mark.parametrize(("level", "shown"), [(2, None), (3, "a" * 32)])
    def test_below_level_three_nobodys_data_is_asked_for(self, op, portal, monkeypatch, level, shown):
        from idp import claims

        person = op.person(level=level, party_key="a" * 32).sign_in(level=4)
        op.consent(person, portal, "identity")
        seen = []

        class Port:
            def values(self, db, **asked):
                seen.append(asked["party_key"])
                return {}

        monkeypatch.setattr(claims, "_installed", Port())
        op.userinfo(op.tokens(portal, person, scope="openid identity")["access_token"])
        assert seen == [shown]


class TestRefusal:
    def test_nothing_brought_is_challenged_without_an_error(self, op):
        for response in (
            op.userinfo(),
            op.userinfo(headers={"Authorization": "Basic abc"}),
            op.userinfo(method="POST"),
        ):
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == (
                f'Bearer realm="kapok", resource_metadata="{ISSUER}/.well-known/oauth-protected-resource/userinfo"'
            )

    def test_a_token_in_the_address_is_not_looked_at(self, op, access_token):
        response = op.userinfo(query_string={"access_token": access_token})
        assert response.status_code == 401

    def test_a_token_in_two_places_is_invalid(self, op, access_token):
        response = op.userinfo(access_token, method="POST", data={"access_token": access_token})
        challenged(response, "invalid_request", 400)

    def test_without_openid_the_scope_is_insufficient(self, op, portal, person):
        token = op.tokens(portal, person, scope="materials")["access_token"]
        response = op.userinfo(token)
        challenged(response, "insufficient_scope", 403)
        assert 'scope="openid"' in response.headers["WWW-Authenticate"]

    def test_an_expired_token_is_invalid(self, op, portal, person, frozen_clock):
        person.sign_in()
        token = op.tokens(portal, person)["access_token"]
        frozen_clock.advance(seconds=599)
        assert op.userinfo(token).status_code == 200
        frozen_clock.advance(seconds=1)
        challenged(op.userinfo(token), "invalid_token")

    def test_what_another_process_ended_is_over_within_a_second(self, op, portal, person, access_token):
        from kernel import clock

        assert op.userinfo(access_token).status_code == 200
        with transaction() as db:
            db.execute(update(Account).values(status=BLOCKED))
        time.sleep(0.6)
        challenged(op.userinfo(access_token), "invalid_token")
        with transaction() as db:
            db.execute(update(Account).values(status="active"))
            db.execute(update(Client).values(disabled_at=clock.now()))
        time.sleep(0.6)
        challenged(op.userinfo(access_token), "invalid_token")

    def test_an_id_token_is_no_access_token(self, op, portal, person):
        challenged(op.userinfo(op.tokens(portal, person)["id_token"]), "invalid_token")

    def test_a_refresh_token_is_no_access_token(self, op, portal, person):
        challenged(op.userinfo(op.tokens(portal, person)["refresh_token"]), "invalid_token")


def _b64(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class TestForgery:
    """RFC 8725 §2: the header of a token is the attacker's to write."""

    @pytest.fixture
    def good(self, op, access_token):
        return op.read(access_token)

    def test_no_signature(self, op, good, access_token):
        for alg in ("none", "None", "NONE", ""):
            header = {**good.header, "alg": alg}
            challenged(op.userinfo(f"{_b64(header)}.{_b64(good.claims)}."), "invalid_token")
        head, body, _ = access_token.split(".")
        challenged(op.userinfo(f"{head}.{body}."), "invalid_token")

    def test_the_public_key_as_an_hmac_secret(self, op, good):
        for jwk in op.machine.get("/jwks", base_url=ISSUER).json["keys"]:
            public = ALGORITHMS[jwk["alg"]].read(jwk)
            for secret in (public.as_pem(private=False), json.dumps(jwk).encode()):
                header = {"alg": "HS256", "typ": "at+jwt", "kid": jwk["kid"]}
                challenged(op.userinfo(_hs256(header, good.claims, secret)), "invalid_token")

    @pytest.mark.parametrize("place", ["jwk", "jku", "x5u", "x5c", "kid"])
    def test_a_key_or_address_in_the_header_is_not_believed(self, op, good, place):
        mine = ECKey.generate_key("P-256")
        public = mine.as_dict(private=False)
        extra = {
            "jwk": {"jwk": public},
            "jku": {"jku": "https://evil.example/jwks"},
            "x5u": {"x5u": "https://evil.example/x"},
            "x5c": {"x5c": ["AAAA"]},
            "kid": {"kid": "../../../dev/null"},
        }[place]
        header = {**good.header, **extra}
        forged = f"{_b64(header)}.{_b64(good.claims)}"
        signature = jwt.encode({"alg": "ES256"}, good.claims, mine).rpartition(".")[2]
        challenged(op.userinfo(f"{forged}.{signature}"), "invalid_token")

    @pytest.mark.parametrize(
        "change", [{"alg": "RS256"}, {"typ": "JWT"}, {"crit": ["x"]}, {"b64": False, "crit": ["b64"]}]
    )
    def test_a_changed_header_is_refused(self, op, good, access_token, change):
        _, body, signature = access_token.split(".")
        challenged(op.userinfo(f"{_b64({**good.header, **change})}.{body}.{signature}"), "invalid_token")

    def test_changed_claims_are_refused(self, op, good, access_token):
        head, _, signature = access_token.split(".")
        for change in ({"scope": "openid identity"}, {"sub": "x"}, {"exp": 2**40}):
            challenged(op.userinfo(f"{head}.{_b64({**good.claims, **change})}.{signature}"), "invalid_token")

    @pytest.mark.parametrize(
        "change", [{"iss": "https://evil.example"}, {"aud": "https://evil.example"}, {"aud": ["x"]}]
    )
    def test_our_own_key_for_another_issuer_or_audience_is_refused(self, op, good, change):
        key = keys.ring().signing["ES256"].key
        token = jwt.encode(good.header, {**good.claims, **change}, key, algorithms=["ES256"])
        challenged(op.userinfo(token), "invalid_token")

    @pytest.mark.parametrize(
        "garbage",
        ["x", "..", "a.b.c", "a.b.c.d.e", _b64([]) + ".e30.x", _b64("x") + ".e30.x", _b64({}) + ".e30.x",
         _b64({"alg": 1, "kid": 2}) + ".e30.x", _b64({"alg": "ES256", "kid": None}) + ".e30.x",
         _b64(b"\xff\xfe") + ".e30.x", "é" * 20, "x" * 100000, _b64({"alg": "ES256", "kid": {"a": []}}) + ".e30.x",
         _b64(b"[" * 400) + ".e30.x"],
    )  # fmt: skip
    def test_garbage_is_invalid_and_never_an_error_of_ours(self, op, garbage):
        response = op.userinfo(method="POST", data={"access_token": garbage})
        assert response.status_code in {401, 413}


def _hs256(header, claims, secret):
    data = f"{_b64(header)}.{_b64(claims)}"
    tag = hmac.digest(secret, data.encode(), "sha256")
    return f"{data}.{_b64(tag)}"


class TestContract:
    """``idp.contract.bearer``, which the interfaces of other packages stand behind."""

    def request(self, token):
        return machine.Request({"REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": f"Bearer {token}"})

    def test_a_machine(self, op):
        client = op.machine_client("feeds:cases")
        token = op.token(client, grant_type="client_credentials").json["access_token"]
        who = bearers.bearer(self.request(token), scope="feeds:cases")
        assert who == bearers.Bearer(
            client_id=client.client_id, scopes=frozenset({"feeds:cases"}), account_id=None, family_id=None
        )
        with pytest.raises(bearers.BearerRefused) as refused:
            bearers.bearer(self.request(token), scope="feeds:certificates")
        assert refused.value.status == 403

    def test_a_person(self, op, portal, person):
        token = op.tokens(portal, person, scope="openid materials")["access_token"]
        who = bearers.bearer(self.request(token), scope="materials")
        assert who.account_id == person.account_id
        assert who.family_id
        with pytest.raises(bearers.BearerRefused) as refused:
            bearers.bearer(self.request("x"), scope="materials")
        assert refused.value.status == 401
        assert [value.partition(" ")[0] for _, value in refused.value.headers] == ["Bearer", "DPoP"]


def test_a_token_that_was_seen_before_is_not_verified_again_yet_its_end_is_seen(op, access_token, monkeypatch):
    assert op.userinfo(access_token).status_code == 200
    began = time.perf_counter()
    monkeypatch.setattr("joserfc.jwt.decode", lambda *_: pytest.fail("verified again"))
    assert op.userinfo(access_token).status_code == 200
    assert time.perf_counter() - began < 5
