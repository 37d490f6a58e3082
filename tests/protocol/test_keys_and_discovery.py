"""Discovery (OpenID Connect Discovery §4, RFC 8414), the JWKS (RFC 7517), and the rotation of keys."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import select, text

from idp.models.key import SigningKey
from idp.tokens import keys
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.parties import ISSUER, statements

WELL_KNOWN = "/.well-known/openid-configuration"


class TestDiscovery:
    @pytest.mark.parametrize("path", [WELL_KNOWN, "/.well-known/oauth-authorization-server"])
    def test_the_document_is_public_and_may_be_kept(self, op, path):
        response = op.machine.get(path, base_url=ISSUER)
        assert response.status_code == 200
        assert response.mimetype == "application/json"
        assert response.headers["Cache-Control"] == "public, max-age=300"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Set-Cookie" not in response.headers

    def test_it_passes_the_validators_of_both_specifications(self, op):
        # Authlib's validators know no http; the issuer of a test is on this machine.
        document = op.machine.get(WELL_KNOWN, base_url=ISSUER).json
        secured = {k: v.replace("http://", "https://") if isinstance(v, str) else v for k, v in document.items()}
        OpenIDProviderMetadata(secured).validate()
        AuthorizationServerMetadata(secured).validate()

    def test_the_issuer_is_public_url_whatever_the_host_header_says(self, op):
        document = op.machine.get(WELL_KNOWN, base_url="http://evil.example").json
        assert document["issuer"] == ISSUER
        assert "evil" not in str(document)

    def test_every_address_in_it_answers(self, op):
        document = op.machine.get(WELL_KNOWN, base_url=ISSUER).json
        addresses = {k: v for k, v in document.items() if k.endswith(("_endpoint", "_uri"))}
        assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= set(addresses)
        for address in addresses.values():
            assert op.machine.get(address.removeprefix(ISSUER), base_url=ISSUER).status_code != 404, address

    def test_it_says_what_is_offered_and_what_is_not(self, op):
        document = op.machine.get(WELL_KNOWN, base_url=ISSUER).json
        assert document["response_types_supported"] == ["code"]
        assert document["code_challenge_methods_supported"] == ["S256"]
        assert set(document["grant_types_supported"]) == {"authorization_code", "refresh_token", "client_credentials"}
        assert "RS256" in document["id_token_signing_alg_values_supported"]
        assert "none" not in document["id_token_signing_alg_values_supported"]
        assert document["request_uri_parameter_supported"] is False
        assert document["authorization_response_iss_parameter_supported"] is True


class TestKeys:
    def test_the_jwks_has_public_keys_only_named_by_their_thumbprints(self, op):
        published = op.machine.get("/jwks", base_url=ISSUER).json["keys"]
        assert {k["alg"] for k in published} == {"RS256", "ES256"}
        for jwk in published:
            assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(jwk)
            assert jwk["use"] == "sig"
            key = (RSAKey if jwk["kty"] == "RSA" else ECKey).import_key(jwk)
            assert key.thumbprint() == jwk["kid"]

    def test_private_keys_are_encrypted_at_rest(self, op):
        keys.ring()
        with reading() as db:
            for (sealed,) in db.execute(text("SELECT private FROM signing_key")):
                assert b'"d"' not in bytes(sealed)
                assert b"kty" not in bytes(sealed)

    def test_processes_that_start_together_make_one_key_of_each_kind(self, op):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: keys._make_missing(), range(8)))
        with reading() as db:
            assert sorted(db.scalars(select(SigningKey.alg))) == ["ES256", "RS256"]

    def test_a_new_key_is_published_a_day_before_it_signs_and_the_old_one_a_day_after(self, op, frozen_clock):
        portal, person = op.portal(id_token_signed_response_alg="ES256"), op.person()

        def kid():
            return jws.extract_compact(op.tokens(portal, person.sign_in())["id_token"].encode()).headers()["kid"]

        def in_jwks():
            keys._cache.forget()
            return {k["kid"] for k in op.machine.get("/jwks", base_url=ISSUER).json["keys"] if k["alg"] == "ES256"}

        old = kid()
        with transaction() as db:
            new = keys.rotate(db, "ES256")
        assert in_jwks() == {old, new}
        assert kid() == old
        frozen_clock.advance(timedelta(hours=24))
        assert in_jwks() == {old, new}
        assert kid() == new
        frozen_clock.advance(timedelta(hours=24))
        assert in_jwks() == {new}
        assert kid() == new

    def test_a_token_signed_before_the_rotation_stays_good(self, op, frozen_clock):
        token = op.tokens(op.portal(), op.person().sign_in())["access_token"]
        with transaction() as db:
            keys.rotate(db, "ES256", signs_after=timedelta())
        assert op.userinfo(token).status_code == 200

    def test_an_unknown_kid_reloads_the_ring_but_not_at_every_request(self, op, monkeypatch):
        keys.ring()
        monkeypatch.setattr(keys, "RELOAD_SECONDS", 3600)
        with statements() as (sent, _):
            for n in range(5):
                assert keys.published(f"unknown{n}") is None
        assert sent == []

    def test_making_a_key_is_audited(self, op):
        keys.ring()
        with reading() as db:
            assert len(db.scalars(select(AuditEntry.id).where(AuditEntry.act == "key.created")).all()) == 2
