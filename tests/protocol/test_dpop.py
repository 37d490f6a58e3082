"""DPoP (RFC 9449): what a proof must be, whose tokens are bound to what, and where they count."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from joserfc.jwk import OctKey

from idp.tokens import dpop
from idp.tokens.dpop import Proof
from kernel import clock, keyvalue
from tests.protocol.client_keys import Prover, key_client, new_key
from tests.protocol.parties import ISSUER, Pkce, landed
from tests.protocol.test_code_redemption import refused

CC = {"grant_type": "client_credentials"}


@pytest.fixture
def machine(op):
    return op.machine_client("feeds:cases")


@pytest.fixture
def prover():
    return Prover()


@pytest.fixture
def public(op):
    return op.portal(token_endpoint_auth_method="none")


@pytest.fixture
def person(op):
    return op.person().sign_in()


def ask(op, machine, headers):
    return op.token(headers=machine.basic | headers, **CC)


def redeem(op, portal, person, headers, **changes):
    pkce = Pkce()
    form = {"grant_type": "authorization_code", "redirect_uri": portal.redirect_uri, "code_verifier": pkce.verifier}
    form["code"] = person.code(portal, pkce, **changes)
    if portal.secret is None:
        return op.token(headers=headers, client_id=portal.client_id, **form)
    return op.token(headers=portal.basic | headers, **form)


def refresh(op, portal, token, headers):
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": portal.client_id}
    return op.token(headers=headers, **form)


def userinfo(op, prover, token, **options):
    return op.machine.get("/userinfo", base_url=ISSUER, headers=prover.sent("GET", "/userinfo", token=token, **options))


class TestTokenEndpoint:
    @pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
    def test_a_token_is_bound_to_the_key(self, op, machine, alg):
        prover = Prover(key=new_key(alg), alg=alg)
        response = ask(op, machine, prover.sent())
        assert response.status_code == 200, response.text
        assert response.json["token_type"] == "DPoP"
        assert op.read(response.json["access_token"]).claims["cnf"] == {"jkt": prover.jkt}
        assert len(response.headers.getlist("DPoP-Nonce")) == 1

    def test_ed25519_by_its_full_name(self, op, machine):
        prover = Prover(key=new_key("EdDSA"), alg="Ed25519")
        assert ask(op, machine, prover.sent()).status_code == 200

    def test_without_a_proof_it_is_a_bearer_token(self, op, machine):
        response = op.token(machine, **CC)
        assert response.json["token_type"] == "Bearer"
        assert "cnf" not in op.read(response.json["access_token"]).claims
        assert "DPoP-Nonce" not in response.headers

    def test_a_client_that_registered_it_must_prove_a_key(self, op):
        client = key_client(op, dpop_bound_access_tokens=True)
        response = op.token(headers={}, **client.form(), **CC)
        refused(response, "invalid_dpop_proof")
        assert response.headers["DPoP-Nonce"]
        assert op.token(headers=Prover().sent(), **client.form(), **CC).status_code == 200

    @pytest.mark.parametrize(
        "htu",
        [
            f"{ISSUER}/token?a=1",
            f"{ISSUER}/token#x",
            "HTTP://127.0.0.1:8000/token",
            f"{ISSUER}/%74oken",
        ],
    )
    def test_addresses_are_compared_without_query_and_normalised(self, op, machine, prover, htu):
        assert ask(op, machine, prover.sent(htu=htu)).status_code == 200

    @pytest.mark.parametrize("shift", [-55, -10, 10, 25])
    def test_clocks_may_differ_a_little(self, op, machine, prover, frozen_clock, shift):
        assert ask(op, machine, prover.sent(iat=int(clock.now().timestamp()) + shift)).status_code == 200

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"htm": "GET"}, "htm"),
            ({"htm": "post"}, "htm"),
            ({"htm": None}, "htm"),
            ({"htm": ["POST"]}, "htm"),
            ({"htu": f"{ISSUER}/userinfo"}, "htu"),
            ({"htu": "https://127.0.0.1:8000/token"}, "htu"),
            ({"htu": "http://127.0.0.1/token"}, "htu"),
            ({"htu": "https://evil.example/token"}, "htu"),
            ({"htu": "http://127.0.0.1:99999/token"}, "htu"),
            ({"htu": "http://[::1/token"}, "htu"),
            ({"htu": "/token"}, "htu"),
            ({"htu": None}, "htu"),
            ({"htu": 5}, "htu"),
            ({"jti": None}, "jti"),
            ({"jti": ""}, "jti"),
            ({"jti": 5}, "jti"),
            ({"jti": "x" * 513}, "jti"),
            ({"iat": None}, "iat"),
            ({"iat": "now"}, "iat"),
            ({"exp": 1}, "exp"),
            ({"nbf": 10**10}, "nbf"),
        ],
        ids=str,
    )
    def test_a_claim_that_is_not_right_is_named(self, op, machine, prover, changes, told):
        response = ask(op, machine, prover.sent(**changes))
        refused(response, "invalid_dpop_proof")
        assert f"{told} " in response.json["error_description"]

    @pytest.mark.parametrize("shift", [-3600, -61, 31, 3600])
    def test_another_time(self, op, machine, prover, frozen_clock, shift):
        response = ask(op, machine, prover.sent(iat=int(clock.now().timestamp()) + shift))
        refused(response, "invalid_dpop_proof")
        assert "iat" in response.json["error_description"]

    @pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", 5, ["dpop+jwt"]])
    def test_another_type(self, op, machine, prover, typ):
        refused(ask(op, machine, prover.sent(header={"typ": typ})), "invalid_dpop_proof")

    @pytest.mark.parametrize("name", ["jku", "x5u", "x5c", "crit", "b64"])
    def test_keys_from_elsewhere(self, op, machine, prover, name):
        refused(ask(op, machine, prover.sent(header={name: ["exp"]})), "invalid_dpop_proof")

    def test_a_key_that_is_no_public_one(self, op, machine, prover):
        other = new_key("EdDSA")
        secret = OctKey.generate_key(256)
        for jwk in (None, 5, {}, {"kty": "EC"}, prover.key.as_dict(private=True), other.as_dict(private=False)):
            refused(ask(op, machine, prover.sent(header={"jwk": jwk})), "invalid_dpop_proof")
        header = {"alg": "HS256", "jwk": secret.as_dict(private=True)}
        refused(ask(op, machine, prover.sent(header=header, key=secret)), "invalid_dpop_proof")

    @pytest.mark.parametrize("member", ["kty", "crv", "x", "y", "kid", "use", "alg", "key_ops"])
    def test_a_key_with_junk_in_it_is_no_server_error(self, op, machine, prover, member):
        jwk = prover.key.as_dict(private=False)
        for junk in (None, 5, [], {}, "", "数", True, [[]]):
            status = ask(op, machine, prover.sent(header={"jwk": jwk | {member: junk}})).status_code
            assert status in {200, 400}

    @pytest.mark.parametrize("member", ["typ", "alg", "jwk", "kid"])
    def test_a_header_with_junk_in_it_is_no_server_error(self, op, machine, prover, member):
        head, body, tag = prover.proof().split(".")
        header = json.loads(base64.urlsafe_b64decode(head + "=="))
        for junk in (None, 5, [], {}, "", "数", True, [[]], 10**400, {"kty": [[]]}):
            changed = base64.urlsafe_b64encode(json.dumps(header | {member: junk}).encode()).decode().rstrip("=")
            refused(ask(op, machine, {"DPoP": f"{changed}.{body}.{tag}"}), "invalid_dpop_proof")

    def test_json_that_is_deeper_than_any(self, op, machine):
        deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 2900).decode().rstrip("=")
        refused(ask(op, machine, {"DPoP": f"{deep}.e30.AAAA"}), "invalid_dpop_proof")
        refused(ask(op, machine, {"DPoP": f"e30.{deep}.AAAA"}), "invalid_dpop_proof")

    def test_a_signature_by_another_key(self, op, machine, prover):
        refused(ask(op, machine, prover.sent(key=new_key("ES256"))), "invalid_dpop_proof")

    def test_none(self, op, machine, prover):
        head, body, _ = prover.proof().split(".")
        header = json.loads(base64.urlsafe_b64decode(head + "==")) | {"alg": "none"}
        plain = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
        for text in (f"{plain}.{body}.", f"{plain}.{body}.AAAA"):
            refused(ask(op, machine, {"DPoP": text}), "invalid_dpop_proof")

    @pytest.mark.parametrize("text", ["", "x", "a.b.c", "a.b.c, d.e.f", "x" * 5000, "é.é.é"])
    def test_what_is_no_proof(self, op, machine, text):
        refused(ask(op, machine, {"DPoP": text}), "invalid_dpop_proof")

    def test_two_proofs(self, op, machine, prover):
        both = [("DPoP", prover.proof()), ("DPoP", prover.proof())]
        headers = [*machine.basic.items(), *both]
        refused(op.machine.post("/token", base_url=ISSUER, data=CC, headers=headers), "invalid_dpop_proof")

    def test_what_a_proof_lacks_is_told_before_an_assertion_is_spent(self, op, prover):
        client = key_client(op)
        form = client.form()
        refused(op.token(headers=prover.sent(nonce="old"), **form, **CC), "use_dpop_nonce")
        assert op.token(headers=prover.sent(), **form, **CC).status_code == 200


class TestReplay:
    def test_a_second_use(self, op, machine, prover):
        headers = prover.sent()
        assert ask(op, machine, headers).status_code == 200
        refused(ask(op, machine, headers), "invalid_dpop_proof")

    def test_to_its_last_second(self, op, machine, prover, frozen_clock):
        headers = prover.sent(iat=int(clock.now().timestamp()) + 30)
        assert ask(op, machine, headers).status_code == 200
        for _ in range(3):
            frozen_clock.advance(seconds=30)
            refused(ask(op, machine, headers), "invalid_dpop_proof")

    def test_nobody_unknown_spends_one(self, op, machine, prover):
        headers = prover.sent()
        wrong = replace(machine, secret="wrong")
        refused(ask(op, wrong, headers), "invalid_client", 401)
        assert ask(op, machine, headers).status_code == 200

    def test_two_nodes_at_once(self, redis_url):
        nodes = [keyvalue.RedisStore(redis_url) for _ in range(2)]
        proof = Proof(jkt="k", alg="ES256", jti="j", path="/token", until=clock.now().timestamp() + 60)
        start = threading.Barrier(16)
        local = threading.local()

        def present(number):
            local.store = nodes[number % 2]
            start.wait()
            try:
                proof.spend()
            except dpop.InvalidProof:
                return False
            return True

        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(16) as pool:
            patch.setattr(keyvalue, "store", lambda: local.store)
            assert sum(pool.map(present, range(16))) == 1


class TestNonces:
    def test_one_that_we_gave_is_taken(self, op, machine, prover):
        given = ask(op, machine, prover.sent()).headers["DPoP-Nonce"]
        assert ask(op, machine, prover.sent(nonce=given)).status_code == 200

    def test_one_that_is_old_is_asked_for_anew(self, op, machine, prover, frozen_clock):
        given = ask(op, machine, prover.sent()).headers["DPoP-Nonce"]
        frozen_clock.advance(seconds=dpop.NONCE_SECONDS)
        assert ask(op, machine, prover.sent(nonce=given)).status_code == 200
        frozen_clock.advance(seconds=dpop.NONCE_SECONDS)
        response = ask(op, machine, prover.sent(nonce=given))
        refused(response, "use_dpop_nonce")
        assert ask(op, machine, prover.sent(nonce=response.headers["DPoP-Nonce"])).status_code == 200

    @pytest.mark.parametrize("nonce", ["", "made-up", 5, ["a"], "数"])
    def test_one_of_their_own(self, op, machine, prover, nonce):
        refused(ask(op, machine, prover.sent(nonce=nonce)), "use_dpop_nonce")

    @pytest.fixture
    def demanded(self, load_settings, database):
        load_settings(DATABASE_URL=database, DPOP_NONCES="required")

    @pytest.mark.usefixtures("demanded")
    def test_where_an_operator_demands_them(self, op, machine, prover, person):
        public = op.portal(token_endpoint_auth_method="none")
        response = ask(op, machine, prover.sent())
        refused(response, "use_dpop_nonce")
        nonce = response.headers["DPoP-Nonce"]
        assert ask(op, machine, prover.sent(nonce=nonce)).status_code == 200
        token = redeem(op, public, person, prover.sent(nonce=nonce)).json["access_token"]
        challenge = userinfo(op, prover, token)
        assert challenge.status_code == 401
        assert challenge.headers["WWW-Authenticate"].startswith('DPoP realm="kapok", error="use_dpop_nonce"')
        answer = userinfo(op, prover, token, nonce=challenge.headers["DPoP-Nonce"])
        assert answer.status_code == 200
        assert answer.headers["DPoP-Nonce"]

    def test_other_installations_have_other_ones(self, load_settings):
        ours = dpop.nonce()
        load_settings(BLIND_INDEX_KEY="Qd8uXk2LmV5yTq9ZrB3nWc7HsJ4gFaEo")
        assert dpop.nonce() != ours


class TestPeople:
    def test_a_public_clients_refresh_token_is_the_keys(self, op, public, person, prover):
        tokens = redeem(op, public, person, prover.sent()).json
        for headers in ({}, Prover().sent()):
            refused(refresh(op, public, tokens["refresh_token"], headers), "invalid_grant")
        again = refresh(op, public, tokens["refresh_token"], prover.sent()).json
        assert op.read(again["access_token"]).claims["cnf"] == {"jkt": prover.jkt}

    def test_a_confidential_clients_is_the_clients(self, op, person, prover):
        portal = op.portal()
        tokens = redeem(op, portal, person, prover.sent()).json
        other = Prover()
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        again = op.token(headers=portal.basic | other.sent(), **form).json
        assert op.read(again["access_token"]).claims["cnf"] == {"jkt": other.jkt}

    def test_a_public_client_without_a_key_is_not_bound(self, op, public, person, prover):
        tokens = redeem(op, public, person, {}).json
        assert refresh(op, public, tokens["refresh_token"], prover.sent()).status_code == 200


class TestInterfaces:
    @pytest.fixture
    def token(self, op, public, person, prover):
        return redeem(op, public, person, prover.sent()).json["access_token"]

    def test_the_holder_of_the_key(self, op, prover, token):
        answer = userinfo(op, prover, token)
        assert answer.status_code == 200
        assert answer.headers["DPoP-Nonce"]

    @pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
    def test_the_schemes_case_does_not_matter(self, op, prover, token, scheme):
        headers = prover.sent("GET", "/userinfo", token=token) | {"Authorization": f"{scheme} {token}"}
        assert op.machine.get("/userinfo", base_url=ISSUER, headers=headers).status_code == 200

    def test_by_post(self, op, prover, token):
        headers = prover.sent("POST", "/userinfo", token=token)
        assert op.machine.post("/userinfo", base_url=ISSUER, headers=headers).status_code == 200

    def test_as_a_bearer_token_it_is_worth_nothing(self, op, prover, token):
        proof = prover.proof("GET", "/userinfo", token=token)
        for headers in ({}, {"DPoP": proof}):
            response = op.userinfo(token, headers=headers)
            assert response.status_code == 401
            bearer, dpop_challenge = response.headers.getlist("WWW-Authenticate")
            assert bearer.startswith('Bearer realm="kapok", error="invalid_token"')
            assert 'algs="ES256 ' in dpop_challenge

    def test_nor_in_a_form(self, op, prover, token):
        headers = {"DPoP": prover.proof("POST", "/userinfo", token=token)}
        answer = op.machine.post("/userinfo", base_url=ISSUER, data={"access_token": token}, headers=headers)
        assert answer.status_code == 401

    def test_a_bearer_token_does_not_come_by_dpop(self, op, public, person, prover):
        token = redeem(op, public, person, {}).json["access_token"]
        response = userinfo(op, prover, token)
        assert response.status_code == 401
        assert response.json["error"] == "invalid_token"

    def test_without_a_proof(self, op, token):
        response = op.machine.get("/userinfo", base_url=ISSUER, headers={"Authorization": f"DPoP {token}"})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith('DPoP realm="kapok", error="invalid_dpop_proof"')

    @pytest.mark.parametrize(
        "changes",
        [
            {"ath": None},
            {"ath": "x"},
            {"ath": 5},
            {"htm": "POST"},
            {"htu": f"{ISSUER}/token"},
            {"iat": 1},
            {"jti": None},
            {"header": {"typ": "JWT"}},
        ],
        ids=str,
    )
    def test_a_proof_for_something_else(self, op, prover, token, changes):
        response = userinfo(op, prover, token, **changes)
        assert response.status_code == 401
        assert response.json["error"] == "invalid_dpop_proof"

    def test_a_proof_by_another_key(self, op, token):
        response = userinfo(op, Prover(), token)
        assert response.status_code == 401
        assert response.json["error"] == "invalid_token"

    def test_a_proof_twice(self, op, prover, token):
        headers = prover.sent("GET", "/userinfo", token=token)
        answers = [op.machine.get("/userinfo", base_url=ISSUER, headers=headers).status_code for _ in range(2)]
        assert answers == [200, 401]

    def test_a_query_does_not_belong_to_it(self, op, prover, token):
        headers = prover.sent("GET", "/userinfo", token=token)
        assert op.machine.get("/userinfo?x=1", base_url=ISSUER, headers=headers).status_code == 200

    def test_nothing_is_said_to_who_brings_nothing(self, op):
        response = op.userinfo()
        bearer, by_dpop = response.headers.getlist("WWW-Authenticate")
        assert bearer.startswith('Bearer realm="kapok"')
        assert by_dpop.startswith('DPoP realm="kapok"')
        assert "error=" not in bearer + by_dpop


def test_discovery(op):
    document = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA", "RS256"]
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA", "RS256"]


def test_a_code_that_was_asked_for_with_a_key_is_that_keys(op, public, person, prover):
    """RFC 9449 §10: what /authorize was told of the key stands in the code's terms."""
    for headers in ({}, Prover().sent()):
        refused(redeem(op, public, person, headers, dpop_jkt=prover.jkt), "invalid_grant")
    assert redeem(op, public, person, prover.sent(), dpop_jkt=prover.jkt).status_code == 200


class TestPushed:
    """A proof at the pushed request binds the code too (RFC 9449 §10.1)."""

    @pytest.fixture
    def portal(self, op):
        return op.portal()

    def push(self, op, portal, pkce, headers, **changes):
        form = {
            "response_type": "code",
            "redirect_uri": portal.redirect_uri,
            "scope": "openid",
            "nonce": "n",
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
        }
        return op.machine.post("/par", base_url=ISSUER, data=form | changes, headers=portal.basic | headers)

    def redeemed(self, op, portal, landing, pkce, headers):
        form = {"grant_type": "authorization_code", "redirect_uri": portal.redirect_uri}
        form |= {"code": landed(landing).answer["code"], "code_verifier": pkce.verifier}
        return op.token(headers=portal.basic | headers, **form)

    def test_the_code_is_the_keys(self, op, portal, person, prover):
        for headers, works in (({}, False), (Prover().sent(), False), (prover.sent(), True)):
            pkce = Pkce()
            pushed = self.push(op, portal, pkce, prover.sent("POST", "/par"))
            assert pushed.status_code == 201, pushed.text
            assert pushed.headers["DPoP-Nonce"]
            uri = pushed.json["request_uri"]
            landing = person.get(f"/authorize?client_id={portal.client_id}&request_uri={uri}")
            answer = self.redeemed(op, portal, landing, pkce, headers)
            assert (answer.status_code == 200) is works, answer.text

    def test_a_proof_for_the_token_endpoint_or_used_twice_or_of_another_key(self, op, portal, prover):
        pkce, once = Pkce(), prover.sent("POST", "/par")
        refused(self.push(op, portal, pkce, prover.sent()), "invalid_dpop_proof")
        assert self.push(op, portal, pkce, once).status_code == 201
        refused(self.push(op, portal, pkce, once), "invalid_dpop_proof")
        other = self.push(op, portal, pkce, prover.sent("POST", "/par"), dpop_jkt=Prover().jkt)
        refused(other, "invalid_dpop_proof")
