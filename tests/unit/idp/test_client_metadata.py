"""Client metadata: RFC 7591 §2, OpenID Connect Registration §2. All faults of a file are told at once."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from idp.clients import metadata
from kernel.errors import Invalid

JWKS = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
ENCRYPTED = {"id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A256GCM"}
DEEP = json.loads("[" * 800 + "]" * 800)
GOOD = {"client_name": "门户", "redirect_uris": ["https://portal.example.gov.cn/cb"]}


def faults(**changes):
    with pytest.raises(Invalid) as refused:
        metadata.validate({k: v for k, v in (GOOD | changes).items() if v is not ...})
    return set(refused.value.fields)


def test_what_is_left_out_has_the_defaults_of_the_specification():
    m = metadata.validate(GOOD)
    assert m.grant_types == ["authorization_code"]
    assert m.response_types == ["code"]
    assert m.token_endpoint_auth_method == "client_secret_basic"
    assert m.id_token_signed_response_alg == "ES256"  # ours; registration over HTTP keeps the standard's RS256
    assert m.application_type == "web"
    assert m.scope == "openid profile"


def test_members_nobody_understands_are_left_out_and_can_be_listed():
    raw = GOOD | {"federation_type": "x", "scope#en": "Portal", "localized": {"client_name#en": "Portal"}}
    answered = metadata.validate(raw).answered()
    assert raw.keys() - answered.keys() == {"federation_type", "scope#en", "localized"}
    assert metadata.not_understood(raw) == ["federation_type", "localized", "scope#en"]


def test_members_with_a_language_are_understood():
    raw = GOOD | {"client_name#en": "Portal", "client_name#zh-Hant": "門戶"}
    m = metadata.validate(raw)
    assert metadata.not_understood(raw) == []
    assert raw.items() <= m.answered().items()
    assert (m.said("client_name", "en"), m.said("client_name", "zh-hant-HK")) == ("Portal", "門戶")
    assert m.said("client_name", "zh-CN") == GOOD["client_name"]
    assert metadata.Metadata.model_validate(m.answered()) == m


def test_what_is_off_is_answered_where_somebody_said_so():
    assert "require_auth_time" not in metadata.validate(GOOD).answered()
    assert metadata.validate(GOOD | {"require_auth_time": False}).answered()["require_auth_time"] is False


def test_a_zero_and_a_false_with_a_meaning_are_kept():
    kept = metadata.validate(GOOD | {"default_max_age": 0, "require_pkce": False}).answered()
    assert kept["default_max_age"] == 0
    assert kept["require_pkce"] is False


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"redirect_uris": ...}, {"redirect_uris"}),
        ({"redirect_uris": "https://portal.example.gov.cn/cb"}, {"redirect_uris"}),
        ({"redirect_uris": [1]}, {"redirect_uris"}),
        ({"grant_types": ["authorization_code", "implicit"]}, {"grant_types"}),
        ({"grant_types": []}, {"grant_types", "scope"}),
        ({"grant_types": ["refresh_token"]}, {"grant_types", "scope"}),
        ({"response_types": ["token"]}, {"response_types"}),
        ({"response_types": []}, {"response_types"}),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, {"token_endpoint_auth_method"}),
        (
            {"token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "client_credentials"]},
            {"token_endpoint_auth_method", "scope"},
        ),
        ({"application_type": "native"}, {"token_endpoint_auth_method"}),
        ({"id_token_signed_response_alg": "none"}, {"id_token_signed_response_alg"}),
        ({"id_token_signed_response_alg": "HS256"}, {"id_token_signed_response_alg"}),
        ({"userinfo_signed_response_alg": "HS256"}, {"userinfo_signed_response_alg"}),
        ({"request_object_signing_alg": "none"}, {"request_object_signing_alg"}),
        ({"dpop_bound_access_tokens": "yes"}, {"dpop_bound_access_tokens"}),
        ({"scope": "openid everything"}, {"scope"}),
        ({"scope": "feeds:cases"}, {"scope"}),
        ({"scope": ""}, {"scope"}),
        ({"client_name": ""}, {"client_name"}),
        ({"client_uri": "javascript:alert(1)"}, {"client_uri"}),
        ({"default_max_age": -1}, {"default_max_age"}),
        ({"default_max_age": "60"}, {"default_max_age"}),
        ({"post_logout_redirect_uris": ["https://*.cn/"]}, {"post_logout_redirect_uris"}),
        ({"sector_identifier_uri": "http://portal.example.gov.cn/s.json"}, {"sector_identifier_uri"}),
        ({"client_name#en": 1}, {"client_name#en"}),
        ({"client_name#en": "n" * 201}, {"client_name#en"}),
        ({"client_name": "深圳\u202e网务政"}, {"client_name"}),
        ({"client_name": "a\nb"}, {"client_name"}),
        ({"tos_uri#en": "javascript:1"}, {"tos_uri#en"}),
        ({"default_acr_values": ["3", "urn:x"]}, {"default_acr_values"}),
        ({"request_uris": ["http://portal.example.gov.cn/r"]}, {"request_uris"}),
        ({"token_endpoint_auth_method": "none", "require_pkce": False}, {"require_pkce"}),
        ({"token_endpoint_auth_method": "none", "introspects": True}, {"introspects"}),
        ({"authorization_details_types": ["urn:nobody:offers"]}, {"authorization_details_types"}),
        # keys
        ({"token_endpoint_auth_method": "private_key_jwt"}, {"jwks"}),
        ({"jwks": JWKS, "jwks_uri": "https://portal.example.gov.cn/jwks"}, {"jwks"}),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, {"jwks"}),
        ({"jwks": {}}, {"jwks"}),
        ({"jwks": {"keys": [1]}}, {"jwks"}),
        ({"jwks": JWKS | {"more": DEEP}}, {"jwks"}),
        ({"jwks": {"keys": [JWKS["keys"][0] | {"more": DEEP}]}}, {"jwks"}),
        ({"jwks": {"keys": [JWKS["keys"][0] | {"more": float("inf")}]}}, {"jwks"}),
        ({"jwks_uri": "http://portal.example.gov.cn/jwks"}, {"jwks_uri"}),
        ({"token_endpoint_auth_signing_alg": "ES256"}, {"token_endpoint_auth_signing_alg"}),
        ({"tls_client_auth_san_dns": "portal.example.gov.cn"}, {"tls_client_auth_san_dns"}),
        ({"require_signed_request_object": True}, {"jwks"}),
        ({"request_object_signing_alg": "ES256"}, {"jwks"}),
        ({"id_token_encrypted_response_alg": "ECDH-ES", "jwks": JWKS}, {"id_token_encrypted_response_enc"}),
        ({"id_token_encrypted_response_enc": "A256GCM"}, {"id_token_encrypted_response_alg"}),
        (ENCRYPTED, {"jwks"}),
        (ENCRYPTED | {"jwks": {"keys": [JWKS["keys"][0] | {"use": "sig"}]}}, {"jwks"}),
        (ENCRYPTED | {"id_token_encrypted_response_alg": "RSA-OAEP-256", "jwks": JWKS}, {"jwks"}),
        # logout and login from elsewhere
        ({"frontchannel_logout_uri": "https://other.gov.cn/out"}, {"frontchannel_logout_uri"}),
        ({"frontchannel_logout_uri": "https://portal.example.gov.cn:8443/out"}, {"frontchannel_logout_uri"}),
        ({"frontchannel_logout_uri": "http://portal.example.gov.cn/out"}, {"frontchannel_logout_uri"}),
        ({"backchannel_logout_uri": "http://portal.example.gov.cn/out"}, {"backchannel_logout_uri"}),
        ({"backchannel_logout_uri": "https://portal.example.gov.cn/out#x"}, {"backchannel_logout_uri"}),
        ({"initiate_login_uri": "http://portal.example.gov.cn/in"}, {"initiate_login_uri"}),
        ({"post_logout_redirect_uris": ["https://portal.example.gov.cn/#bye"]}, {"post_logout_redirect_uris"}),
        # interfaces
        ({"resource_uris": ["/api"]}, {"resource_uris"}),
        ({"resource_uris": ["https://api.gov.cn/#x"]}, {"resource_uris"}),
        ({"resource_uris": ["http://127.0.0.1:8000/userinfo"]}, {"resource_uris"}),
    ],
)
def test_what_would_fail_later_is_refused_now_and_named(changes, named):
    assert faults(**changes) == named


def test_all_faults_are_told_at_once():
    assert faults(redirect_uris=["http://x.example/cb"], client_uri="ftp://x", scope="nonsense") == {
        "redirect_uris",
        "client_uri",
        "scope",
    }


def test_a_machine_needs_neither_redirect_uris_nor_response_types():
    m = metadata.validate({"client_name": "住建局", "grant_types": ["client_credentials"], "scope": "feeds:cases"})
    assert not m.interactive
    assert m.response_types == []


def test_what_fits_together_is_taken():
    wrapping = {"keys": [*JWKS["keys"], RSAKey.generate_key(2048).as_dict(private=False) | {"use": "enc"}]}
    m = metadata.validate(
        GOOD
        | ENCRYPTED
        | {
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks": wrapping,
            "userinfo_encrypted_response_alg": "RSA-OAEP-256",
            "userinfo_encrypted_response_enc": "A256GCM",
            "require_signed_request_object": True,
            "request_uris": ["https://portal.example.gov.cn/r#2026"],
            "frontchannel_logout_uri": "https://portal.example.gov.cn/out",
            "backchannel_logout_uri": "https://anywhere.gov.cn/out",
            "initiate_login_uri": "https://anywhere.gov.cn/in",
            "resource_uris": ["https://api.gov.cn/v1", "urn:gov:api"],
        }
    )
    assert m.jwks == wrapping


class TestCertificates:
    """tls_client_auth and self_signed_tls_client_auth (RFC 8705), where the installation offers them."""

    @pytest.fixture(autouse=True)
    def offered(self, load_settings):
        load_settings(TRUSTED_HOPS="1", MTLS_CERTIFICATE_HEADER="X-Client-Cert", MTLS_VERIFIED_HEADER="X-Client-Verify")

    def test_one_member_names_the_certificate(self):
        method = {"token_endpoint_auth_method": "tls_client_auth"}
        assert faults(**method) == {"token_endpoint_auth_method"}
        one = {"tls_client_auth_san_dns": "portal.example.gov.cn"}
        assert not metadata.validate(GOOD | method | one).has_secret
        two = one | {"tls_client_auth_subject_dn": "CN=portal"}
        assert faults(**method, **two) == {"token_endpoint_auth_method"}
        assert faults(**method, tls_client_auth_subject_dn="portal") == {"tls_client_auth_subject_dn"}

    def test_a_certificate_of_its_own_stands_among_its_keys(self):
        method = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}
        assert faults(**method) == {"jwks"}
        assert metadata.validate(GOOD | method | {"jwks": JWKS}).confidential


CIBA = {
    "grant_types": ["authorization_code", metadata.CIBA_GRANT],
    "backchannel_token_delivery_mode": "ping",
    "backchannel_client_notification_endpoint": "https://portal.example.gov.cn/ping",
}


class TestCiba:
    def test_ping_and_poll(self):
        assert metadata.validate(GOOD | CIBA).interactive
        poll = {"backchannel_token_delivery_mode": "poll", "backchannel_client_notification_endpoint": ...}
        metadata.validate({k: v for k, v in (GOOD | CIBA | poll).items() if v is not ...})

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"backchannel_token_delivery_mode": ...}, {"backchannel_token_delivery_mode"}),
            ({"backchannel_token_delivery_mode": "push"}, {"backchannel_token_delivery_mode"}),
            ({"backchannel_client_notification_endpoint": ...}, {"backchannel_client_notification_endpoint"}),
            (
                {"backchannel_client_notification_endpoint": "http://portal.example.gov.cn/ping"},
                {"backchannel_client_notification_endpoint"},
            ),
            ({"token_endpoint_auth_method": "none"}, {"token_endpoint_auth_method"}),
        ],
    )
    def test_what_it_cannot_do_without(self, changes, named):
        assert faults(**(CIBA | changes)) == named


class TestFapi2:
    GOOD = GOOD | {"security_profile": "fapi2", "token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}

    def test_it_asks_for_pushed_requests(self):
        m = metadata.validate(self.GOOD)
        assert m.require_pushed_authorization_requests
        assert m.sender_constrained

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"token_endpoint_auth_method": "client_secret_basic"}, {"token_endpoint_auth_method"}),
            ({"token_endpoint_auth_method": "none"}, {"token_endpoint_auth_method"}),
            ({"require_pkce": False}, {"require_pkce"}),
            ({"require_pushed_authorization_requests": False}, {"require_pushed_authorization_requests"}),
            ({"id_token_signed_response_alg": "RS256"}, {"id_token_signed_response_alg"}),
            ({"token_endpoint_auth_signing_alg": "RS256"}, {"token_endpoint_auth_signing_alg"}),
            ({"request_object_signing_alg": "RS256"}, {"request_object_signing_alg"}),
            ({"authorization_signed_response_alg": "RS256"}, {"authorization_signed_response_alg"}),
            ({"redirect_uris": ["http://127.0.0.1/cb"]}, {"redirect_uris"}),
        ],
    )
    def test_no_rule_of_it_can_be_left_out(self, changes, named):
        with pytest.raises(Invalid) as refused:
            metadata.validate(self.GOOD | changes)
        assert set(refused.value.fields) == named


class TestLoopback:
    """http is for a native application on its own machine, and for trying out (RFC 8252 §7.3)."""

    URI = "http://127.0.0.1:9000/cb"

    def test_outside_the_demonstration_a_web_site_has_none(self, load_settings):
        load_settings(KAPOK_DEMO=None, PUBLIC_URL="https://id.gov.cn", DATABASE_URL="sqlite:///x.db")
        assert faults(redirect_uris=[self.URI]) == {"redirect_uris"}
        native = GOOD | {"application_type": "native", "token_endpoint_auth_method": "none"}
        assert metadata.validate(native | {"redirect_uris": [self.URI, "cn.gov.app:/cb"]}).native
        with pytest.raises(Invalid):
            metadata.validate(native | {"redirect_uris": ["http://portal.example.gov.cn/cb"]})
        with pytest.raises(Invalid):
            metadata.validate(native | {"backchannel_logout_uri": "cn.gov.app:/out"})

    def test_in_the_demonstration_it_has(self):
        assert metadata.validate(GOOD | {"redirect_uris": [self.URI]}).redirect_uris == [self.URI]


class TestSector:
    def sector(self, *uris, **changes):
        return metadata.sector(metadata.validate(GOOD | {"redirect_uris": list(uris)} | changes), "the-client")

    def test_one_host_is_the_sector(self):
        assert self.sector("https://a.gov.cn/1", "https://a.gov.cn:8443/2") == "a.gov.cn"

    def test_of_several_hosts_the_client_is_alone_unless_it_names_one(self):
        assert self.sector("https://a.gov.cn/1", "https://b.gov.cn/2") == "the-client"
        named = {"sector_identifier_uri": "https://s.gov.cn/all.json"}
        assert self.sector("https://a.gov.cn/1", "https://b.gov.cn/2", **named) == "s.gov.cn"

    def test_applications_on_one_machine_are_no_group(self):
        assert self.sector("http://127.0.0.1:9000/cb") == "the-client"
        assert self.sector("http://localhost:9000/cb") == "the-client"

    def test_public_is_public(self):
        assert self.sector("https://a.gov.cn/1", subject_type="public") == "public"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(metadata.Metadata.model_fields)), JSON, max_size=6) | JSON)
def test_any_json_is_taken_or_refused_and_nothing_else_happens(raw):
    with contextlib.suppress(Invalid):
        metadata.validate(raw)
