"""Dynamic registration: RFC 7591, OpenID Connect Registration; who may, what may be asked for, what is answered."""

import json
import threading
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import select

from idp.clients import registered
from idp.models.client import Client, ClientSecret
from idp.models.registration import InitialAccessToken
from idp.registration import invitations
from kernel import crypto
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.parties import ISSUER, Pkce
from tests.protocol.registrar import GOOD, JWKS, invite, refused, register


def clients() -> int:
    with reading() as db:
        return len(db.scalars(select(Client.id)).all())


class TestAnswer:
    def test_it_has_everything_that_is_registered_with_the_standards_defaults(self, op):
        response = register(op, invite())
        assert response.status_code == 201, response.text
        assert response.headers["Cache-Control"] == "no-store"
        answer = response.json
        assert answer["redirect_uris"] == GOOD["redirect_uris"]
        assert answer["client_name"] == GOOD["client_name"]
        assert answer["token_endpoint_auth_method"] == "client_secret_basic"
        assert answer["id_token_signed_response_alg"] == "RS256"
        assert answer["grant_types"] == ["authorization_code"]
        assert answer["response_types"] == ["code"]
        assert answer["application_type"] == "web"
        assert answer["subject_type"] == "pairwise"
        assert answer["scope"] == "openid profile"
        assert answer["require_pkce"] is True
        assert answer["client_secret_expires_at"] == 0
        assert len(answer["client_secret"]) >= 43
        assert answer["client_id_issued_at"] > 0
        assert answer["registration_client_uri"] == f"{ISSUER}/register/{answer['client_id']}"
        with reading() as db:
            kept = db.get(Client, answer["client_id"])
            assert kept.registration_digest == crypto.digest(answer["registration_access_token"])
            assert answer["client_secret"] not in str(kept.registered)
            entry = db.scalars(select(AuditEntry).where(AuditEntry.act == "client.added")).one()
        assert entry.subject == answer["client_id"]
        assert entry.details["invitation"]

    def test_what_was_said_to_be_off_is_answered_too(self, op):
        answer = register(op, invite(), require_auth_time=False, default_max_age=0, contacts=[]).json
        assert answer["require_auth_time"] is False
        assert answer["default_max_age"] == 0
        assert answer["contacts"] == []

    def test_the_client_can_sign_people_in(self, op):
        answer = register(op, invite()).json
        portal = op.portal()
        portal = type(portal)(
            client_id=answer["client_id"], secret=answer["client_secret"], redirect_uri=answer["redirect_uris"][0]
        )
        person, pkce = op.person().sign_in(), Pkce()
        tokens = op.redeem(portal, person.code(portal, pkce), pkce).json
        assert op.read(tokens["id_token"]).header["alg"] == "RS256"

    @pytest.mark.parametrize(
        "changes",
        [
            {"token_endpoint_auth_method": "none"},
            {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS},
            {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://sz.example.gov.cn/jwks"},
        ],
        ids=["none", "jwks", "jwks_uri"],
    )
    def test_who_needs_no_secret_gets_none(self, op, changes):
        response = register(op, invite(), **changes)
        assert response.status_code == 201, response.text
        assert {"client_secret", "client_secret_expires_at"} & response.json.keys() == set()
        with reading() as db:
            assert db.scalars(select(ClientSecret.id)).all() == []

    def test_members_with_a_language_are_kept_and_answered(self, op):
        said = {"client_name#en": "Shenzhen", "client_name#zh-Hant-HK": "深圳", "tos_uri#en": "https://sz.example/t"}
        answer = register(op, invite(), **said).json
        assert {name: answer[name] for name in said} == said
        meta = registered.find(answer["client_id"]).meta
        assert [meta.said("client_name", lang) for lang in ("en", "en-GB", "zh-hant-hk", "zh-CN")] == [
            "Shenzhen",
            "Shenzhen",
            "深圳",
            GOOD["client_name"],
        ]
        assert meta.said("policy_uri", "en") is None

    def test_members_nobody_understands_are_left_out(self, op):
        answer = register(op, invite(), federation_type="x", client_id="mine", client_secret="mine").json
        assert "federation_type" not in answer
        assert answer["client_id"] != "mine"
        assert answer["client_secret"] != "mine"

    def test_a_machine(self, op):
        response = register(op, invite(scope="feeds:cases"), redirect_uris=..., grant_types=["client_credentials"])
        assert response.status_code == 201, response.text
        assert response.json["scope"] == "feeds:cases"
        assert response.json["response_types"] == []

    def test_discovery_names_the_endpoint(self, op):
        document = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
        assert document["registration_endpoint"] == f"{ISSUER}/register"


class TestInvitation:
    @pytest.mark.parametrize("token", [None, "", "wrong", "x" * 600, "\u00e9"])
    def test_without_one_nobody_registers(self, op, token):
        response = register(op, token)
        refused(response, "invalid_token", status=401)
        assert response.headers["WWW-Authenticate"].startswith('Bearer realm="registration", error="invalid_token"')
        assert clients() == 0

    def test_it_is_looked_for_in_the_header_alone(self, op):
        token = invite()
        refused(register(op, None, access_token=token), "invalid_token", status=401)
        response = op.machine.post(f"/register?access_token={token}", base_url=ISSUER, json=GOOD)
        refused(response, "invalid_token", status=401)

    def test_it_is_counted(self, op):
        token = invite(uses=2)
        assert [register(op, token).status_code for _ in range(3)] == [201, 201, 401]
        assert clients() == 2

    def test_what_was_refused_is_not_counted(self, op):
        token = invite(uses=1)
        refused(register(op, token, redirect_uris=["http://x.example/cb"]), "invalid_redirect_uri", "redirect_uris")
        assert register(op, token).status_code == 201

    def test_of_many_that_want_the_last_use_one_gets_it(self, op):
        token, statuses = invite(uses=1), []

        def one():
            from werkzeug.test import Client as Browser

            headers = {"Authorization": f"Bearer {token}"}
            statuses.append(Browser(op.app).post("/register", base_url=ISSUER, json=GOOD, headers=headers).status_code)

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [201, *[401] * 7]
        assert clients() == 1

    def test_it_ends(self, op, frozen_clock):
        token = invite(life=timedelta(days=3))
        frozen_clock.advance(days=3)
        refused(register(op, token), "invalid_token", status=401)

    def test_it_is_taken_back(self, op):
        token = invite()
        with transaction() as db:
            invitations.uninvite(db, db.scalars(select(InitialAccessToken.id)).one())
        refused(register(op, token), "invalid_token", status=401)

    def test_an_access_token_is_none(self, op):
        machine = op.machine_client("feeds:cases")
        token = op.token(machine, grant_type="client_credentials").json["access_token"]
        refused(register(op, token), "invalid_token", status=401)

    def test_an_address_that_asks_too_often_is_asked_to_wait(self, op, load_settings, database):
        load_settings(DATABASE_URL=database, REGISTRATION_TRIES="3")
        answers = [register(op, "wrong") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert answers[3].json["error"] == "temporarily_unavailable"
        assert answers[3].headers["Retry-After"] == "60"


# Left out, and so of no account.
TAKEN = {("nonsense", "[" * 900 + "]" * 900), ("nonsense", "1e999")}


class TestMetadata:
    @pytest.mark.parametrize(
        "uri",
        [
            "https://sz.example.gov.cn/cb#x",
            "https://*.example.gov.cn/cb",
            "https://sz.example.gov.cn/*",
            "http://sz.example.gov.cn/cb",
            "javascript:alert(1)",
            "cn.gov.sz:/cb",
            "https://u:p@sz.example.gov.cn/cb",
            "https://sz.example.gov.cn/a/../cb",
            "https://SZ.example.gov.cn/cb",
            "/cb",
        ],
    )
    def test_a_bad_redirect_uri_has_a_code_of_its_own(self, op, uri):
        refused(register(op, invite(), redirect_uris=[uri]), "invalid_redirect_uri", "redirect_uris")

    def test_without_redirect_uris_there_is_nowhere_to_go(self, op):
        refused(register(op, invite(), redirect_uris=...), "invalid_redirect_uri", "redirect_uris")

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"redirect_uris": "https://sz.example.gov.cn/cb"}, "redirect_uris"),
            ({"grant_types": ["implicit"]}, "grant_types"),
            ({"response_types": ["id_token"]}, "response_types"),
            ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
            ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
            ({"jwks": JWKS, "jwks_uri": "https://sz.example.gov.cn/jwks"}, "jwks"),
            ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "jwks"),
            ({"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}}, "jwks"),
            ({"logo_uri": "javascript:alert(1)"}, "logo_uri"),
            ({"logo_uri#en": "javascript:alert(1)"}, "logo_uri#en"),
            ({"client_name#en": 1}, "client_name#en"),
            ({"client_name": "名" * 201}, "client_name"),
        ],
    )
    def test_a_fault_names_its_member(self, op, changes, named):
        refused(register(op, invite(), **changes), "invalid_client_metadata", named)

    @pytest.mark.parametrize("raw", [[], "x", 1, None, [GOOD]])
    def test_a_body_that_is_no_object(self, op, raw):
        headers = {"Authorization": f"Bearer {invite()}"}
        response = op.machine.post(
            "/register", base_url=ISSUER, data=json.dumps(raw), content_type="application/json", headers=headers
        )
        refused(response, "invalid_client_metadata")

    @pytest.mark.parametrize(
        ("body", "kind"), [(b"{", "application/json"), (b"\xff", "application/json"), (b"a=b", "text/plain")]
    )
    def test_a_body_that_is_no_json(self, op, body, kind):
        headers = {"Authorization": f"Bearer {invite()}"}
        response = op.machine.post("/register", base_url=ISSUER, data=body, content_type=kind, headers=headers)
        refused(response, "invalid_client_metadata")

    @pytest.mark.parametrize("odd", ["[" * 900 + "]" * 900, "1e999", '"\\ud800"', '"\\u0000"', "1" * 4400])
    @pytest.mark.parametrize("member", ["jwks", "client_name", "default_max_age", "nonsense"])
    def test_nothing_that_json_can_say_is_an_accident(self, op, member, odd):
        body = f'{{"redirect_uris": ["https://sz.example.gov.cn/cb"], "{member}": {{"keys": [{{"x": {odd}}}]}}}}'
        body = body if member == "jwks" else body.replace('{"keys": [{"x": ' + odd + "}]}", odd)
        headers = {"Authorization": f"Bearer {invite()}"}
        response = op.machine.post(
            "/register", base_url=ISSUER, data=body, content_type="application/json", headers=headers
        )
        assert response.status_code == (201 if (member, odd) in TAKEN else 400), response.text

    def test_a_body_that_is_too_large(self, op):
        assert register(op, invite(), contacts=["x" * 70000]).status_code == 413

    def test_applications_in_browsers_may_ask(self, op):
        asked = {"Origin": "https://app.example.cn", "Access-Control-Request-Method": "POST"}
        response = op.machine.options("/register", base_url=ISSUER, headers=asked)
        assert "POST" in response.headers["Access-Control-Allow-Methods"]

    def test_only_post(self, op):
        assert op.machine.get("/register", base_url=ISSUER).status_code == 405
