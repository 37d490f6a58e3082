"""What is particular to OpenID providers: one test for each rule a provider, or somebody in between, may break."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from connectors import city_file, contract
from connectors.contract import Begin, UpstreamIdentity
from connectors.openid import provider
from kernel import clock
from tests.connectors.fake_issuer import FakeIssuer, at_hash, signed_with_public_key, unsigned
from tests.connectors.peers import CALLBACK, COMMON, ProviderPeer, add_city, answer_of

pytestmark = [pytest.mark.usefixtures("province"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

Json = dict[str, Any]
CITY = "shenzhen"


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    fake = FakeIssuer()
    yield fake
    fake.stop()


def city_at(issuer: FakeIssuer, **settings: object) -> Json:
    usual = {"issuer": issuer.url, "client_id": "kapok", "client_secret": "a secret"}
    return {**COMMON, "kind": "oidc", "settings": {**usual, **settings}, "level_map": {"*": 3}}


def begin(issuer: FakeIssuer) -> tuple[Begin, dict[str, str]]:
    """Begin, and the query of an answer that is right."""
    begun = contract.begin(CITY, CALLBACK)
    asked = dict(parse_qsl(urlsplit(begun.redirect_url).query))
    issuer.nonce = asked["nonce"]
    return begun, {"code": "a-code", "state": asked["state"]}


def log_in(issuer: FakeIssuer) -> UpstreamIdentity:
    begun, params = begin(issuer)
    return contract.complete(CITY, params, begun.saved, CALLBACK)


class TestRequest:
    def test_the_request_is_a_code_request_with_pkce_state_and_nonce(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer, acr_values="3 4"))
        begun = contract.begin(CITY, CALLBACK)
        asked = dict(parse_qsl(urlsplit(begun.redirect_url).query))
        assert begun.redirect_url.startswith(f"{issuer.url}/authorize?")
        assert asked["response_type"] == "code"
        assert asked["redirect_uri"] == CALLBACK
        assert asked["scope"] == "openid profile"
        assert asked["acr_values"] == "3 4"
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        assert begun.saved["verifier"] not in begun.redirect_url
        again = dict(parse_qsl(urlsplit(contract.begin(CITY, CALLBACK).redirect_url).query))
        for name in ("state", "nonce", "code_challenge"):
            assert asked[name] != again[name]

    @pytest.mark.parametrize("client_auth", ["basic", "post"])
    def test_the_client_proves_itself_and_the_code(self, issuer: FakeIssuer, client_auth: str) -> None:
        add_city(city_at(issuer, client_auth=client_auth, client_secret="p:ä ss"))
        begun, params = begin(issuer)
        contract.complete(CITY, params, begun.saved, CALLBACK)
        assert issuer.form["code_verifier"] == begun.saved["verifier"]
        assert issuer.form["redirect_uri"] == CALLBACK
        if client_auth == "basic":  # RFC 6749 §2.3.1: "kapok:p%3A%C3%A4+ss"
            assert issuer.form["authorization"] == "Basic a2Fwb2s6cCUzQSVDMyVBNCtzcw=="
            assert "client_secret" not in issuer.form
        else:
            assert (issuer.form["client_id"], issuer.form["client_secret"]) == ("kapok", "p:ä ss")
            assert not issuer.form["authorization"]


class TestCallback:
    def test_the_link_id_is_issuer_and_subject(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        assert log_in(issuer).upstream_id == f"{issuer.url}#subject-1"

    @pytest.mark.parametrize("state", ["", "another", None])
    def test_an_answer_with_another_state_is_refused_before_any_token_request(
        self, issuer: FakeIssuer, state: str | None
    ) -> None:
        add_city(city_at(issuer))
        begun, params = begin(issuer)
        params = {"code": "a-code"} if state is None else {**params, "state": state}
        with pytest.raises(contract.LoginExpired):
            contract.complete(CITY, params, begun.saved, CALLBACK)
        assert "/token" not in issuer.asked

    def test_another_browser_has_nothing_saved(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        _begun, params = begin(issuer)
        with pytest.raises(contract.LoginExpired) as refused:
            contract.complete(CITY, params, {}, CALLBACK)
        assert refused.value.status == 400

    def test_an_answer_of_one_city_at_the_callback_of_another_is_refused(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        add_city({**city_at(issuer), "code": "foshan", "name": "佛山市"})
        begun, params = begin(issuer)
        with pytest.raises(contract.LoginExpired):
            contract.complete("foshan", params, begun.saved, CALLBACK)
        assert "/token" not in issuer.asked

    def test_an_answer_too_late_is_refused(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        begun, params = begin(issuer)
        later = datetime.now(UTC) + timedelta(minutes=16)
        with clock.use(lambda: later), pytest.raises(contract.LoginExpired):
            contract.complete(CITY, params, begun.saved, CALLBACK)

    def test_the_name_of_another_issuer_is_refused(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        begun, params = begin(issuer)
        with pytest.raises(contract.BadAnswer, match="another issuer"):
            contract.complete(CITY, {**params, "iss": "https://other.example"}, begun.saved, CALLBACK)
        assert "/token" not in issuer.asked

    def test_a_promised_issuer_must_be_there(self, issuer: FakeIssuer) -> None:
        issuer.metadata["authorization_response_iss_parameter_supported"] = True
        add_city(city_at(issuer))
        begun, params = begin(issuer)
        with pytest.raises(contract.BadAnswer):
            contract.complete(CITY, params, begun.saved, CALLBACK)
        begun, params = begin(issuer)
        contract.complete(CITY, {**params, "iss": issuer.url}, begun.saved, CALLBACK)

    def test_a_person_who_gives_up_at_the_city_is_told_what_to_do(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        begun, params = begin(issuer)
        with pytest.raises(contract.UpstreamRefused) as refused:
            contract.complete(CITY, {"state": params["state"], "error": "access_denied"}, begun.saved, CALLBACK)
        assert refused.value.code == "city_refused"
        assert "/token" not in issuer.asked

    def test_a_code_that_was_used_begins_anew(self, demo_city: ProviderPeer) -> None:
        add_city(demo_city.city())
        begun = contract.begin(CITY, CALLBACK)
        params = answer_of(begun, "linhaitang", "demo-city-2026")
        contract.complete(CITY, params, begun.saved, CALLBACK)
        with pytest.raises(contract.LoginExpired):
            contract.complete(CITY, params, begun.saved, CALLBACK)


class TestIdToken:
    @pytest.mark.parametrize(
        ("claims", "rule"),
        [
            ({"iss": "https://other.example"}, "iss"),
            ({"iss": None}, "iss"),
            ({"aud": "another-client"}, "aud"),
            ({"aud": []}, "aud"),
            ({"aud": ["kapok", "another"]}, "azp"),
            ({"aud": ["kapok", "another"], "azp": "another"}, "azp"),
            ({"azp": "another"}, "azp"),
            ({"exp": timedelta(seconds=-120)}, "exp"),
            ({"exp": "never"}, "exp"),
            ({"exp": True}, "exp"),
            ({"iat": timedelta(hours=1)}, "iat"),
            ({"iat": timedelta(hours=-1)}, "iat"),
            ({"nonce": "another"}, "nonce"),
            ({"nonce": None}, "nonce"),
            ({"sub": ""}, "sub"),
            ({"sub": 7}, "sub"),
            ({"sub": "x" * 300}, "sub"),
            ({"at_hash": "of another token"}, "at_hash"),
            ({"auth_time": "yesterday"}, "auth_time"),
            ({"auth_time": 10**30}, "auth_time"),
        ],
        ids=str,
    )
    def test_a_broken_rule_is_named_and_nobody_is_signed_in(self, issuer: FakeIssuer, claims: Json, rule: str) -> None:
        add_city(city_at(issuer))
        now = time.time()  # when the test runs: the parameters' names must be the same in every worker
        issuer.claims = {
            name: now + value.total_seconds() if isinstance(value, timedelta) else value
            for name, value in claims.items()
        }
        with pytest.raises(contract.BadAnswer, match=f"ID token: {rule}$"):
            log_in(issuer)

    @pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "nonce", "sub"])
    def test_a_required_claim_is_required(self, issuer: FakeIssuer, name: str) -> None:
        add_city(city_at(issuer))
        issuer.without = (name,)
        with pytest.raises(contract.BadAnswer):
            log_in(issuer)

    def test_a_right_access_token_hash_and_time_are_taken(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        issuer.claims = {"at_hash": at_hash("an-access-token"), "auth_time": 1_700_000_000, "sid": "session-1"}
        found = log_in(issuer)
        assert found.authenticated_at == datetime.fromtimestamp(1_700_000_000, UTC)
        assert found.session_hint == "session-1"

    def test_an_unsigned_token_is_refused_even_if_the_metadata_offers_none(self, issuer: FakeIssuer) -> None:
        issuer.metadata["id_token_signing_alg_values_supported"] = ["none"]
        add_city(city_at(issuer))
        issuer.id_token = unsigned
        with pytest.raises(contract.BadAnswer):
            log_in(issuer)

    @pytest.mark.parametrize("kid", ["first", None])
    def test_a_token_signed_with_the_public_key_as_a_password_is_refused(
        self, issuer: FakeIssuer, kid: str | None
    ) -> None:
        public = RSAKey.generate_key(2048, {"kid": "first"})
        issuer.keys = [public.as_dict(private=False)]
        add_city(city_at(issuer))
        header = {"kid": kid} if kid else {}
        pem = public.as_pem(private=False)
        issuer.id_token = lambda claims: signed_with_public_key(header, claims, pem)
        with pytest.raises(contract.BadAnswer, match="UnsupportedAlgorithm"):
            log_in(issuer)

    def test_a_shared_key_in_the_key_set_verifies_nothing(self, issuer: FakeIssuer) -> None:
        shared = OctKey.generate_key(256, {"kid": "first"})
        issuer.keys, issuer.key, issuer.header = (
            [shared.as_dict(private=True)],
            shared,
            {"alg": "HS256", "kid": "first"},
        )
        add_city(city_at(issuer))
        with pytest.raises(contract.BadAnswer):
            log_in(issuer)

    def test_a_key_that_travels_in_the_header_is_not_believed(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        issuer.key = ECKey.generate_key("P-256", {"kid": "first"})
        issuer.header = {"alg": "ES256", "kid": "first", "jwk": issuer.key.as_dict(private=False)}
        with pytest.raises(contract.BadAnswer):
            log_in(issuer)

    @pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt"])
    def test_another_kind_of_token_is_no_id_token(self, issuer: FakeIssuer, typ: str) -> None:
        add_city(city_at(issuer))
        issuer.header = {**issuer.header, "typ": typ}
        with pytest.raises(contract.BadAnswer, match="typ"):
            log_in(issuer)

    def test_an_algorithm_outside_the_sources_list_is_refused(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer, algorithms=["RS256"]))
        with pytest.raises(contract.BadAnswer, match="UnsupportedAlgorithm"):
            log_in(issuer)

    @pytest.mark.parametrize(
        ("alg", "key"),
        [
            ("RS256", RSAKey.generate_key(2048, {"kid": "first"})),
            ("PS256", RSAKey.generate_key(2048, {"kid": "first"})),
            ("ES384", ECKey.generate_key("P-384", {"kid": "first"})),
            ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "first"})),
        ],
        ids=lambda part: part if isinstance(part, str) else "",
    )
    def test_every_algorithm_the_settings_can_name_works(self, issuer: FakeIssuer, alg: str, key: Any) -> None:
        add_city(city_at(issuer, algorithms=[alg]))
        issuer.key, issuer.keys, issuer.header = key, [key.as_dict(private=False)], {"alg": alg, "kid": "first"}
        hashed = {"RS256": "sha256", "PS256": "sha256", "ES384": "sha384", "EdDSA": "sha512"}[alg]
        issuer.claims = {"at_hash": at_hash("an-access-token", hashed)}
        assert log_in(issuer).name == "林海棠"


class TestKeys:
    def test_a_new_key_is_fetched_once(self, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
        add_city(city_at(issuer))
        log_in(issuer)
        issuer.key = ECKey.generate_key("P-256", {"kid": "second"})
        issuer.keys = [issuer.key.as_dict(private=False)]
        issuer.header = {"alg": "ES256", "kid": "second"}
        monkeypatch.setattr(provider, "KEY_REFETCH", 0.0)
        assert log_in(issuer).name == "林海棠"
        assert issuer.asked["/jwks"] == 2

    def test_unknown_keys_do_not_make_us_call_the_city_again_and_again(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        log_in(issuer)
        for number in range(3):
            issuer.header = {"alg": "ES256", "kid": f"forged-{number}"}
            with pytest.raises(contract.BadAnswer):
                log_in(issuer)
        assert issuer.asked["/jwks"] == 1

    def test_one_key_of_two_without_a_name_is_a_guess(self, issuer: FakeIssuer) -> None:
        other = ECKey.generate_key("P-256", {"kid": "other"})
        issuer.keys.append(other.as_dict(private=False))
        issuer.header = {"alg": "ES256"}
        add_city(city_at(issuer))
        with pytest.raises(contract.BadAnswer, match="2 keys"):
            log_in(issuer)

    def test_keys_of_kinds_we_do_not_know_stand_in_nobodys_way(self, issuer: FakeIssuer) -> None:
        issuer.keys = [{"kty": "SM2", "kid": "sm2"}, {"kty": "EC"}, 7, {"kty": "RSA", "use": "enc"}, *issuer.keys]  # type: ignore[list-item]
        add_city(city_at(issuer))
        assert log_in(issuer).name == "林海棠"


class TestMetadata:
    def test_metadata_and_keys_are_fetched_once(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer))
        for _login in range(3):
            log_in(issuer)
        assert issuer.asked["/.well-known/openid-configuration"] == issuer.asked["/jwks"] == 1

    def test_the_last_good_copy_serves_while_the_city_cannot_answer_for_its_metadata(
        self, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add_city(city_at(issuer))
        log_in(issuer)
        monkeypatch.setattr(provider, "FRESH", -1.0)
        issuer.down = True
        contract.begin(CITY, CALLBACK)

    @pytest.mark.parametrize(
        "changes",
        [
            {"issuer": "https://other.example"},
            {"issuer": None},
            {"token_endpoint": "javascript:alert(1)"},
            {"authorization_endpoint": None},
            {"authorization_endpoint": "/authorize"},
            {"jwks_uri": 7},
        ],
        ids=str,
    )
    def test_metadata_that_is_not_right_is_not_used(self, issuer: FakeIssuer, changes: Json) -> None:
        issuer.metadata |= changes
        add_city(city_at(issuer))
        with pytest.raises(contract.BadAnswer):
            contract.begin(CITY, CALLBACK)

    def test_endpoints_in_networks_that_are_not_ours_are_not_called(self, issuer: FakeIssuer) -> None:
        issuer.metadata["token_endpoint"] = "http://169.254.169.254/latest/meta-data"
        add_city(city_at(issuer))
        with pytest.raises(contract.UpstreamUnavailable, match="egress_refused"):
            log_in(issuer)


class TestTokenEndpoint:
    @pytest.mark.parametrize(
        ("status", "answer", "error"),
        [
            (400, {"error": "invalid_grant"}, contract.LoginExpired),
            (401, {"error": "invalid_client"}, contract.UpstreamRefused),
            (500, {}, contract.UpstreamUnavailable),
            (429, {}, contract.UpstreamUnavailable),
            (200, {"id_token": None}, contract.BadAnswer),
            (200, {"id_token": "not.a.token"}, contract.BadAnswer),
            (200, {"id_token": "ä.ö.ü"}, contract.BadAnswer),
            (200, {"access_token": 7}, contract.BadAnswer),
            (200, {"token_type": "mac"}, contract.BadAnswer),
            (302, {}, contract.UpstreamRefused),
        ],
        ids=str,
    )
    def test_each_failure_has_its_error(
        self, issuer: FakeIssuer, status: int, answer: Json, error: type[contract.ConnectorError]
    ) -> None:
        add_city(city_at(issuer))
        issuer.token_status, issuer.token = status, answer
        with pytest.raises(error):
            log_in(issuer)


class TestUserinfo:
    def test_what_userinfo_adds_is_taken_and_what_is_signed_wins(self, issuer: FakeIssuer) -> None:
        add_city(city_at(issuer, userinfo=True))
        issuer.userinfo = {"sub": "subject-1", "name": "另一个人", "id_number": "440001199003070020"}
        found = log_in(issuer)
        assert (found.name, found.id_number) == ("林海棠", "440001199003070020")

    @pytest.mark.parametrize("userinfo", [{"sub": "somebody-else"}, {}], ids=str)
    def test_userinfo_about_somebody_else_is_refused(self, issuer: FakeIssuer, userinfo: Json) -> None:
        add_city(city_at(issuer, userinfo=True))
        issuer.userinfo = userinfo
        with pytest.raises(contract.BadAnswer, match="another subject"):
            log_in(issuer)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issuer": "http://login.example.gov.cn", "internal": False}, "settings.issuer"),
        ({"issuer": "https://login.example.gov.cn?x=1"}, "settings.issuer"),
        ({"issuer": "https://user@login.example.gov.cn"}, "settings.issuer"),
        ({"algorithms": ["none"]}, "settings.algorithms.0"),
        ({"algorithms": ["HS256"]}, "settings.algorithms.0"),
        ({"algorithms": []}, "settings.algorithms"),
        ({"scopes": ["profile"]}, "settings.scopes"),
        ({"client_auth": "none"}, "settings.client_auth"),
        ({"client_secret": ""}, "settings.client_secret"),
        ({"ca_file": "/nowhere/ca.pem"}, "settings.ca_file"),
        ({"colour": "red"}, "settings.colour"),
    ],
    ids=str,
)
def test_a_file_that_cannot_work_is_refused(issuer: FakeIssuer, changes: Json, field: str) -> None:
    city = {**city_at(issuer), "internal": changes.pop("internal", True)}
    city["settings"] |= changes
    checked, faults = city_file.check(city)
    assert checked is None
    assert [fault.field for fault in faults] == [field]


def test_the_wrong_style_is_refused(issuer: FakeIssuer, directory: Any, listener: Callable[..., int]) -> None:
    add_city(city_at(issuer))
    with pytest.raises(contract.UpstreamRefused):
        contract.sign_in(CITY, "linhaitang", "demo-city-2026")
    add_city({**directory.city(), "code": "foshan"})
    with pytest.raises(contract.UpstreamRefused):
        contract.begin("foshan", CALLBACK)
