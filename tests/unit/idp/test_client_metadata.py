"""Client metadata: RFC 7591 §2, OpenID Connect Registration §2. All faults of a file are told at once."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.clients import metadata
from kernel.errors import Invalid

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
    raw = GOOD | {"federation_type": "x", "client_name#en": "Portal"}
    assert "federation_type" not in metadata.validate(raw).answered()
    assert metadata.not_understood(raw) == ["client_name#en", "federation_type"]


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
