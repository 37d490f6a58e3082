"""private_key_jwt (RFC 7523, OpenID Connect Core §9): what an assertion must be, and whose keys count."""

import base64
import hmac
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from idp.clients import keys, registered
from idp.clients.methods import private_key_jwt
from kernel import clock, keyvalue
from tests.protocol.client_keys import ASSERTION, FarEnd, far_end, key_client, new_key, sign
from tests.protocol.parties import ISSUER
from tests.protocol.test_code_redemption import refused

__all__ = ["far_end"]
CC = {"grant_type": "client_credentials"}
URI = "https://portal.example.gov.cn/jwks.json"


@pytest.fixture
def client(op):
    return key_client(op)


def ask(op, client, assertion=None, **form):
    return op.token(headers={}, **client.form(assertion), **CC, **form)


def now():
    return int(clock.now().timestamp())


class TestGood:
    @pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
    def test_each_algorithm(self, op, alg):
        assert ask(op, key_client(op, alg)).status_code == 200

    def test_without_kid_and_typ_and_with_client_id_beside_it(self, op, client):
        assertion = sign(client.key, {"alg": "ES256"}, json.loads(payload(client.assertion())))
        assert ask(op, client, assertion, client_id=client.portal.client_id).status_code == 200

    @pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt", "application/JWT"])
    def test_types(self, op, client, typ):
        assert ask(op, client, client.assertion(header={"typ": typ})).status_code == 200

    @pytest.mark.parametrize("aud", [ISSUER, f"{ISSUER}/token", f"{ISSUER}/par", [ISSUER, "https://other.example"]])
    def test_audiences_of_older_libraries(self, op, client, aud):
        assert ask(op, client, client.assertion(aud=aud)).status_code == 200

    @pytest.mark.parametrize("ahead", [8, 10])
    def test_a_clock_that_is_a_little_fast(self, op, client, frozen_clock, ahead):
        assert ask(op, client, client.assertion(iat=now() + ahead, nbf=now() + ahead)).status_code == 200

    def test_ed25519_by_its_full_name(self, op):
        client = key_client(op, "EdDSA")
        assert ask(op, client, client.assertion(header={"alg": "Ed25519"})).status_code == 200


def payload(token: str) -> bytes:
    middle = token.split(".")[1]
    return base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"iss": "somebody"}, "iss"),
            ({"iss": None}, "iss"),
            ({"aud": "https://other.example"}, "aud"),
            ({"aud": []}, "aud"),
            ({"aud": 5}, "aud"),
            ({"aud": {"a": 1}}, "aud"),
            ({"aud": None}, "aud"),
            ({"exp": None}, "exp"),
            ({"exp": "soon"}, "exp"),
            ({"exp": True}, "exp"),
            ({"exp": 10**400}, "exp"),
            ({"exp": float("nan")}, "payload"),
            ({"jti": None}, "jti"),
            ({"jti": 5}, "jti"),
            ({"jti": "x" * 513}, "jti"),
        ],
        ids=lambda value: str(value)[:40] if isinstance(value, dict) else None,
    )
    def test_a_claim_that_is_not_right_is_named(self, op, client, changes, told):
        response = ask(op, client, client.assertion(**changes))
        refused(response, "invalid_client", 401)
        assert told in response.json["error_description"]

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"exp": -11}, "exp"),
            ({"exp": -300}, "exp"),
            ({"exp": 3700}, "exp"),
            ({"nbf": 61}, "nbf"),
            ({"iat": 61}, "iat"),
            ({"iat": 31}, "iat"),
        ],
    )
    def test_a_time_that_is_not_now(self, op, client, frozen_clock, changes, told):
        response = ask(op, client, client.assertion(**{name: now() + step for name, step in changes.items()}))
        refused(response, "invalid_client", 401)
        assert response.json["error_description"].startswith(f"client_assertion: {told}")

    @pytest.mark.parametrize("sub", [None, 5, ["a"], "somebody"])
    def test_another_subject(self, op, client, sub):
        refused(ask(op, client, client.assertion(sub=sub)), "invalid_client", 401)

    @pytest.mark.parametrize(
        "assertion", ["x", "a.b.c", "..", "e30.e30.", "é.a.b", "a.b.c.d.e", "x" * 20000, "e30.W10.x"]
    )
    def test_what_is_no_jwt(self, op, client, assertion):
        refused(ask(op, client, assertion), "invalid_client", 401)

    @pytest.mark.parametrize("kind", [None, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
    def test_another_kind_of_assertion(self, op, client, kind):
        form = {"client_assertion": client.assertion()} | ({"client_assertion_type": kind} if kind else {})
        response = op.token(headers={}, **form, **CC)
        refused(response, "invalid_client", 401)
        assert ASSERTION in response.json["error_description"]

    def test_the_kind_without_an_assertion(self, op):
        refused(op.token(headers={}, client_assertion_type=ASSERTION, **CC), "invalid_client", 401)

    def test_a_client_registered_for_a_secret(self, op, client):
        machine = op.machine_client("feeds:cases")
        client.portal = machine
        refused(ask(op, client), "invalid_client", 401)

    def test_a_client_nobody_knows_and_a_key_nobody_registered_look_alike(self, op, client):
        wrong = ask(op, client, client.assertion(key=new_key("ES256")))
        unknown = ask(op, client, client.assertion(sub="nobody", iss="nobody"))
        refused(wrong, "invalid_client", 401)
        assert wrong.data == unknown.data

    def test_beside_a_secret(self, op, client):
        machine = op.machine_client("feeds:cases")
        refused(op.token(headers=machine.basic, **client.form(), **CC), "invalid_request")

    def test_beside_another_client_id(self, op, client):
        refused(ask(op, client, client_id="other"), "invalid_request")

    @pytest.mark.parametrize("alg", ["PS256", "ES256"])
    def test_another_algorithm_than_the_registered_one(self, op, alg):
        client = key_client(op, "RS256", token_endpoint_auth_signing_alg="RS256")
        key = client.key if alg == "PS256" else new_key(alg)
        refused(ask(op, client, client.assertion(header={"alg": alg}, key=key)), "invalid_client", 401)
        assert ask(op, client).status_code == 200


class TestConfusion:
    """IDENTITY §5, JWT confusion: what the token says of its own key does not count."""

    def test_none(self, op, client):
        head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        body = client.assertion().split(".")[1]
        refused(ask(op, client, f"{head}.{body}."), "invalid_client", 401)
        refused(ask(op, client, f"{head}.{body}.AAAA"), "invalid_client", 401)

    @pytest.mark.parametrize("form", ["pem", "jwk"])
    def test_hmac_with_the_public_key(self, op, form):
        client = key_client(op, "RS256")
        public = client.key.as_pem(private=False)
        if form == "jwk":
            public = json.dumps(client.key.as_dict(private=False)).encode()
        head = (
            base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": client.key.kid}).encode()).decode().rstrip("=")
        )
        signed = f"{head}.{client.assertion().split('.')[1]}"
        tag = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).decode().rstrip("=")
        refused(ask(op, client, f"{signed}.{tag}"), "invalid_client", 401)

    @pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "crit", "b64"])
    def test_a_key_of_its_own(self, op, client, name):
        forger = new_key("ES256")
        value = {"jwk": forger.as_dict(private=False), "x5c": ["AAAA"], "crit": ["exp"], "b64": False}.get(name, URI)
        for key in (forger, client.key):
            refused(ask(op, client, client.assertion(header={name: value}, key=key)), "invalid_client", 401)

    @pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "", "x" * 1000, 5, ["a"], {"a": 1}])
    def test_a_kid_that_leads_elsewhere(self, op, client, kid):
        refused(ask(op, client, client.assertion(header={"kid": kid}, key=new_key("ES256"))), "invalid_client", 401)

    @pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", 5])
    def test_a_jwt_made_for_something_else(self, op, client, typ):
        refused(ask(op, client, client.assertion(header={"typ": typ})), "invalid_client", 401)

    def test_a_header_that_is_too_long(self, op, client):
        refused(ask(op, client, client.assertion(header={"x": "y" * 2100})), "invalid_client", 401)

    def test_a_key_for_encryption_does_not_sign(self, op):
        key = ECKey.generate_key("P-256", {"use": "enc"})
        sender = key_client(op, key=key)
        sender.key = ECKey.import_key({n: v for n, v in key.as_dict(private=True).items() if n not in {"use", "kid"}})
        sender.key.ensure_kid()
        refused(ask(op, sender), "invalid_client", 401)


class TestReplay:
    def test_a_second_use_is_refused(self, op, client):
        assertion = client.assertion()
        assert ask(op, client, assertion).status_code == 200
        response = ask(op, client, assertion)
        refused(response, "invalid_client", 401)
        assert "jti" in response.json["error_description"]

    def test_another_client_may_use_the_same_jti(self, op, client):
        other = key_client(op)
        assert ask(op, client, client.assertion(jti="1")).status_code == 200
        assert ask(op, other, other.assertion(jti="1")).status_code == 200

    def test_to_its_last_second(self, op, client, frozen_clock):
        assertion = client.assertion(exp=now() + 3600)
        assert ask(op, client, assertion).status_code == 200
        for _ in range(4):
            frozen_clock.advance(seconds=902)
            response = ask(op, client, assertion)
            refused(response, "invalid_client", 401)
            assert "jti" in response.json["error_description"]
        frozen_clock.advance(seconds=3)
        assert "exp" in ask(op, client, assertion).json["error_description"]

    def test_two_nodes_at_once(self, op, client, redis_url):
        """Each node with a connection of its own to the one Redis; of 16 that show one assertion one is believed."""
        held = registered.find(client.portal.client_id)
        claims = json.loads(payload(client.assertion()))
        nodes = [keyvalue.RedisStore(redis_url) for _ in range(2)]
        start = threading.Barrier(16)

        def present(number):
            start.wait()
            return private_key_jwt.first_use(held, claims, nodes[number % 2])

        with ThreadPoolExecutor(16) as pool:
            assert sorted(pool.map(present, range(16))) == [False] * 15 + [True]


class TestFapi:
    """Its tokens are bound: who is asked for a proof of possession has authenticated already."""

    @pytest.mark.parametrize("aud", [f"{ISSUER}/token", f"{ISSUER}/par", [ISSUER], [ISSUER, "x"], f"{ISSUER}/"])
    def test_the_issuer_as_a_string_alone(self, op, aud):
        client = fapi(op)
        refused(authenticate(op, client, client.assertion(aud=aud)), "invalid_client", 401)

    def test_the_issuer_is_taken(self, op):
        client = fapi(op)
        refused(authenticate(op, client, client.assertion()), "invalid_dpop_proof", 400)

    def test_rs256_is_not_for_it(self, op):
        client = fapi(op, "PS256")
        refused(authenticate(op, client, client.assertion(header={"alg": "RS256"})), "invalid_client", 401)
        refused(authenticate(op, client, client.assertion()), "invalid_dpop_proof", 400)


def fapi(op, alg="ES256"):
    return key_client(
        op,
        alg,
        grant_types=["authorization_code"],
        redirect_uris=["https://portal.example.gov.cn/cb"],
        scope="openid",
        security_profile="fapi2",
        tls_client_certificate_bound_access_tokens=None,
        dpop_bound_access_tokens=True,
    )


def authenticate(op, client, assertion):
    """A request whose code is wrong: who gets as far as that has authenticated."""
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "https://portal.example.gov.cn/cb"}
    return op.token(headers={}, **client.form(assertion), **form, code_verifier="v" * 43)


class TestJwksUri:
    @pytest.fixture
    def client(self, op, far_end: FarEnd):
        client = key_client(op, jwks=None, jwks_uri=URI)
        far_end.has(client.key)
        return client

    @pytest.fixture(autouse=True)
    def _time(self, monkeypatch):
        """``wait`` moves the clock by which fetched keys age."""
        self.moment = time.monotonic()
        monkeypatch.setattr(keys.time, "monotonic", lambda: self.moment)

    def wait(self, seconds):
        self.moment += seconds

    def test_it_is_fetched_once_for_many_requests(self, op, client, far_end):
        assert [ask(op, client).status_code for _ in range(3)] == [200] * 3
        self.wait(keys.FRESH_SECONDS - 1)
        assert ask(op, client).status_code == 200
        assert far_end.asked == 1
        self.wait(2)
        assert ask(op, client).status_code == 200
        assert far_end.asked == 2

    def test_a_new_key_works_as_soon_as_it_is_used(self, op, client, far_end):
        """oidcc-refresh-token-rp-key-rotation: a minute after the portal changed its keys."""
        assert ask(op, client).status_code == 200
        self.wait(60)
        client.key = new_key("ES256")
        client.key.ensure_kid()
        far_end.has(client.key)
        assert ask(op, client).status_code == 200
        assert far_end.asked == 2

    def test_a_new_key_without_kid_works_too(self, op, client, far_end):
        assert ask(op, client).status_code == 200
        self.wait(60)
        client.key = new_key("ES256")
        far_end.has(client.key)
        assertion = sign(client.key, {"alg": "ES256"}, json.loads(payload(client.assertion())))
        assert ask(op, client, assertion).status_code == 200

    def test_forged_tokens_do_not_make_us_fetch_each_time(self, op, client, far_end):
        assert ask(op, client).status_code == 200
        self.wait(keys.AGAIN_SECONDS + 1)
        for _ in range(5):
            refused(ask(op, client, client.assertion(header={"kid": "x"}, key=new_key("ES256"))), "invalid_client", 401)
        assert far_end.asked == 2

    def test_the_last_good_copy_outlives_an_outage(self, op, client, far_end):
        assert ask(op, client).status_code == 200
        far_end.down = True
        self.wait(keys.FRESH_SECONDS + 1)
        assert [ask(op, client).status_code for _ in range(3)] == [200] * 3
        assert far_end.asked == 2
        self.wait(3600)
        assert ask(op, client).status_code == 200

    def test_but_not_for_ever(self, op, client, far_end):
        """Else whoever stole a key would keep it good by keeping us from the set that it was taken out of."""
        assert ask(op, client).status_code == 200
        far_end.down = True
        self.wait(keys.STALE_SECONDS + 1)
        refused(ask(op, client), "invalid_client", 401)
        far_end.down = False
        self.wait(keys.AGAIN_SECONDS)
        assert ask(op, client).status_code == 200

    @pytest.mark.parametrize(
        "broken",
        [
            {"body": b"not json"},
            {"body": b"[]"},
            {"body": b'{"keys":{}}'},
            {"status": 302},
            {"status": 500},
            {"down": True},
        ],
        ids=str,
    )
    def test_what_cannot_be_had_is_refused_and_asked_again_later(self, op, client, far_end, broken):
        for name, value in broken.items():
            setattr(far_end, name, value)
        refused(ask(op, client), "invalid_client", 401)
        refused(ask(op, client), "invalid_client", 401)
        assert far_end.asked == 1
        far_end.body, far_end.status, far_end.down = None, 200, False
        self.wait(keys.AGAIN_SECONDS)
        assert ask(op, client).status_code == 200

    def test_keys_that_are_not_fit_are_left_out(self, op, client, far_end):
        weak = RSAKey.import_key(RSA_1024)
        secret = OctKey.import_key("a shared secret of some length!!")
        far_end.jwks = {
            "keys": [
                {"kty": "XYZ"},
                "text",
                weak.as_dict(private=False),
                secret.as_dict(private=True),
                client.key.as_dict(private=True),
                client.key.as_dict(private=False),
            ]
        }
        assert ask(op, client).status_code == 200
        client.alg, client.key = "HS256", secret
        refused(ask(op, client), "invalid_client", 401)

    def test_one_request_fetches_for_all(self, op, client, far_end):
        far_end.delay = 0.2
        held = registered.find(client.portal.client_id)
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda _: len(keys.of(held).keys), range(2)))
        assert found == [1, 1]
        assert far_end.asked == 1

    def test_more_wait_than_may_are_refused_at_once(self, op, client, far_end):
        far_end.delay = 0.3
        held = registered.find(client.portal.client_id)
        with ThreadPoolExecutor(8) as pool:
            found = sorted(pool.map(lambda _: len(keys.of(held).keys), range(8)))
        assert found == [0, 0, 0, 0, 1, 1, 1, 1]


def test_an_address_inside_is_not_asked(op):
    """IDENTITY §5, SSRF: the guard of kernel.http stands before jwks_uri."""
    client = key_client(op, jwks=None, jwks_uri="https://127.0.0.1:1/jwks")
    refused(ask(op, client), "invalid_client", 401)


class TestFaults:
    def test_none(self):
        good = [new_key(alg).as_dict(private=False) for alg in ("ES256", "RS256", "EdDSA")]
        good.append(OKPKey.generate_key("X25519").as_dict(private=False))
        assert keys.faults({"keys": good}) is None

    @pytest.mark.parametrize(
        ("jwks", "told"),
        [
            ({}, "array"),
            ([], "array"),
            ({"keys": {}}, "array"),
            ({"keys": ["x"]}, "array"),
            ({"keys": []}, "P-256"),
            ({"keys": [{"kty": "XYZ"}]}, "P-256"),
            ({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}, "P-256"),
            ({"keys": [{"kty": "RSA", "n": 5, "e": "AQAB"}]}, "2048"),
            ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "secret"),
            ({"keys": [ECKey.generate_key("P-384").as_dict(private=False)]}, "P-256"),
            ({"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}, "secret"),
            ({"keys": [ECKey.generate_key("P-256").as_dict(private=False)] * 21}, "20"),
        ],
        ids=range(12),
    )
    def test_each(self, jwks, told):
        assert told in (keys.faults(jwks) or "")

    @pytest.mark.parametrize("member", ["kty", "crv", "x", "y", "kid", "use", "alg", "key_ops", "x5c"])
    @pytest.mark.parametrize("junk", [None, 5, [], {}, "", "数", True, [[]], "A" * 5000], ids=str)
    def test_whatever_stands_in_a_key_it_is_taken_or_not(self, member, junk):
        jwk = ECKey.generate_key("P-256").as_dict(private=False) | {member: junk}
        assert keys.faults({"keys": [jwk]}) is None or keys.public(jwk) is None
        if (key := keys.public(jwk)) is not None:
            assert len(keys.signing(KeySet([key]), alg="ES256", kid="k")) <= 1
            key.thumbprint()

    def test_a_short_key(self):
        assert "2048" in (keys.faults({"keys": [RSAKey.import_key(RSA_1024).as_dict(private=False)]}) or "")


RSA_1024 = {
    "kty": "RSA",
    "e": "AQAB",
    "n": "tUXsxYJiR89X7ASPu6JWnUWX4g_uRO_mLQTF_PsoAaiVk6BV4Coaz0yi6szfbC2PclH6-I2kwJYoQc-lEjkRC355Gx"
    "Qs393z42VB_MyySA3NT1muwAUtxY_gNHbC6CSBpUwQmy2YOtNmExBkJtvuSP003gsYkFnyznHO8cUjnWE",
}
