"""Discovery (OpenID Connect Discovery §4, RFC 8414), the JWKS (RFC 7517), and the rotation of keys."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jws
from sqlalchemy import select, text

from idp.models.key import SigningKey
from idp.tokens import check, keys
from idp.tokens.algorithms import ALGORITHMS
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
        assert {"authorization_code", "refresh_token", "client_credentials"} <= set(document["grant_types_supported"])
        assert not {"implicit", "password"} & set(document["grant_types_supported"])
        assert "RS256" in document["id_token_signing_alg_values_supported"]
        assert "none" not in document["id_token_signing_alg_values_supported"]
        assert document["request_parameter_supported"] is True
        assert "none" not in document["request_object_signing_alg_values_supported"]
        assert document["require_request_uri_registration"] is True
        assert document["response_modes_supported"] == ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"]
        assert document["pushed_authorization_request_endpoint"] == f"{ISSUER}/par"
        assert document["require_pushed_authorization_requests"] is False
        assert "authorization_details_types_supported" not in document
        assert document["authorization_response_iss_parameter_supported"] is True


class TestKeys:
    def test_the_jwks_has_public_keys_only_named_by_their_thumbprints(self, op):
        published = op.machine.get("/jwks", base_url=ISSUER).json["keys"]
        assert {k["alg"] for k in published} == set(ALGORITHMS)
        for jwk in published:
            assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(jwk)
            assert jwk["use"] == "sig"
            assert ALGORITHMS[jwk["alg"]].read(jwk).thumbprint() == jwk["kid"]

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
            assert sorted(db.scalars(select(SigningKey.alg))) == sorted(ALGORITHMS)

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
            assert len(db.scalars(select(AuditEntry.id).where(AuditEntry.act == "key.created")).all()) == len(
                ALGORITHMS
            )


class TestUpkeep:
    """Publish, sign, leave, retire: by themselves, with an overlap longer than any token lives."""

    def kids(self, alg="ES256"):
        keys._cache.forget()
        ring = keys.ring()
        return ring.signing[alg].key.kid, {kid for kid, (of, _) in ring.verifying.items() if of == alg}

    def test_a_key_that_signed_for_its_time_is_replaced_in_stages(self, op, frozen_clock):
        first, _ = self.kids()
        keys.upkeep()
        assert self.kids() == (first, {first})
        frozen_clock.advance(days=89)
        keys.upkeep()
        keys.upkeep()
        signing, shown = self.kids()
        assert signing == first
        assert len(shown) == 2
        second = (shown - {first}).pop()
        frozen_clock.advance(days=1)
        assert self.kids() == (second, {first, second})
        frozen_clock.advance(keys.overlap())
        assert self.kids() == (second, {second})

    def test_its_private_half_is_forgotten_and_its_public_half_still_knows_old_id_tokens(self, op, frozen_clock):
        portal = op.portal()
        hint = op.tokens(portal, op.person().sign_in())["id_token"]
        kid = self.kids()[0]
        with transaction() as db:
            keys.rotate(db, "ES256", signs_after=timedelta())
        frozen_clock.advance(keys.overlap())
        keys.upkeep()
        keys._cache.forget()
        with reading() as db:
            retired = db.get_one(SigningKey, kid)
            assert retired.private == ""
            assert retired.retired_at is not None
            assert db.scalars(select(AuditEntry.subject).where(AuditEntry.act == "key.retired")).all() == [kid]
        assert keys.published(kid) is None
        assert check.id_token_hint(hint, client_id=portal.client_id)

    def test_no_schedule_leaves_it_to_the_command(self, op, frozen_clock, load_settings, database):
        load_settings(DATABASE_URL=database, KEY_ROTATION_DAYS="0")
        first, _ = self.kids()
        frozen_clock.advance(days=4000)
        keys.upkeep()
        assert self.kids() == (first, {first})

    def test_the_overlap_is_longer_than_the_longest_token(self, load_settings):
        load_settings(ID_TOKEN_SECONDS=str(5 * 24 * 3600))
        assert keys.overlap() > timedelta(days=5)

    def test_workers_that_come_together_publish_one_key(self, op, frozen_clock):
        self.kids()
        frozen_clock.advance(days=90)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: keys.upkeep(), range(6)))
        with reading() as db:
            generations = db.scalars(select(SigningKey.generation).where(SigningKey.alg == "ES256")).all()
        assert sorted(generations) == [1, 2]


@pytest.mark.parametrize("alg", list(ALGORITHMS))
def test_id_tokens_in_every_algorithm_verify_and_carry_its_half_hash(op, alg):
    answer = op.tokens(op.portal(id_token_signed_response_alg=alg), op.person().sign_in())
    token = op.read(answer["id_token"])
    assert token.header["alg"] == alg
    digest = (hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)(answer["access_token"].encode()).digest()
    half = digest[: len(digest) // 2]
    assert token.claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
