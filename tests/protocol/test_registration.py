"""Dynamic registration: RFC 7591, OpenID Connect Registration; who may, what may be asked for, what is answered."""

import json
import threading
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select

from idp.clients import metadata, registered
from idp.clients.metadata import CIBA_GRANT, DEVICE_GRANT, OPERATORS
from idp.models.client import Client, ClientSecret
from idp.models.registration import InitialAccessToken
from idp.registration import invitations
from kernel import crypto, http
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


RIGHTS = {
    "legal_basis": "深府办规〔2017〕10号",
    "purpose": "为您办理业务",
    "require_pkce": False,
    "token_exchange_audiences": ["somebody"],
    "resource_uris": ["https://api.sz.example.gov.cn/"],
    "introspects": True,
    "internal_network": True,
}


class TestRights:
    """Nobody gives oneself a right by registering (IDENTITY §5, DCR privilege)."""

    def test_every_right_is_tried(self):
        assert RIGHTS.keys() == OPERATORS

    @pytest.mark.parametrize("member", sorted(OPERATORS))
    def test_what_only_an_operator_sets_is_refused(self, op, member):
        refused(register(op, invite(), **{member: RIGHTS[member]}), "invalid_client_metadata", member)
        assert clients() == 0

    @pytest.mark.parametrize("member", sorted(OPERATORS))
    def test_nor_does_a_statement_or_an_odd_value_set_it(self, op, member):
        for odd in (1, "true", [RIGHTS[member]], {"a": 1}):
            refused(register(op, invite(), **{member: odd}), "invalid_client_metadata", member)

    def test_more_scopes_than_the_invitation_names_are_refused(self, op):
        token = invite(scope="openid profile")
        refused(register(op, token, scope="openid identity"), "invalid_client_metadata", "scope", "identity")
        assert register(op, token, scope="openid").json["scope"] == "openid"

    @pytest.mark.parametrize("grant", [DEVICE_GRANT, CIBA_GRANT])
    def test_a_grant_that_the_invitation_does_not_name_is_refused(self, op, grant):
        changes = {"grant_types": ["authorization_code", grant], "backchannel_token_delivery_mode": "poll"}
        refused(register(op, invite(), **changes), "invalid_client_metadata", "grant_types")

    def test_an_invitation_can_turn_pkce_off(self, op):
        token = invite(without_pkce=True)
        assert register(op, token).json["require_pkce"] is False
        refused(register(op, token, require_pkce=True), "invalid_client_metadata", "require_pkce")
        refused(register(op, token, token_endpoint_auth_method="none"), "invalid_client_metadata", "require_pkce")

    def test_an_invitation_can_open_the_internal_network(self, op):
        assert register(op, invite(internal=True)).json["internal_network"] is True
        assert "internal_network" not in register(op, invite()).json

    def test_an_invitation_can_ask_for_fapi2(self, op):
        token = invite(fapi2=True)
        refused(register(op, token), "invalid_client_metadata", "token_endpoint_auth_method")
        keyed = {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}
        refused(register(op, token, security_profile="none", **keyed), "invalid_client_metadata", "security_profile")
        answer = register(op, token, **keyed).json
        assert answer["security_profile"] == "fapi2"
        assert answer["require_pushed_authorization_requests"] is True
        assert answer["id_token_signed_response_alg"] == "ES256"


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


SECTOR = "https://s.gov.cn/redirects.json"


class TestSector:
    @pytest.fixture
    def at_the_sector(self, monkeypatch):
        """What the far end of ``sector_identifier_uri`` answers."""
        document: dict[str, bytes] = {}

        def request(method, url, **_options):
            assert (method, url) == ("GET", SECTOR)
            return http.Answer(status=200, headers={}, body=document["body"])

        monkeypatch.setattr(http, "request", request)
        return document

    HOSTS = ("https://a.gov.cn/cb", "https://b.gov.cn/cb")

    def test_several_hosts_need_it(self, op):
        response = register(op, invite(), redirect_uris=list(self.HOSTS))
        refused(response, "invalid_client_metadata", "sector_identifier_uri")
        assert register(op, invite(), redirect_uris=list(self.HOSTS), subject_type="public").status_code == 201

    def test_it_lists_every_redirect_uri(self, op, at_the_sector):
        changes = {"redirect_uris": list(self.HOSTS), "sector_identifier_uri": SECTOR}
        at_the_sector["body"] = json.dumps(self.HOSTS[:1]).encode()
        refused(register(op, invite(), **changes), "invalid_client_metadata", "sector_identifier_uri")
        at_the_sector["body"] = json.dumps(self.HOSTS).encode()
        answer = register(op, invite(), **changes).json
        assert registered.find(answer["client_id"]).sector == "s.gov.cn"

    @pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[" * 5000, b'"https://a.gov.cn/cb"'])
    def test_a_document_that_is_no_list_is_refused(self, op, at_the_sector, body):
        at_the_sector["body"] = body
        response = register(op, invite(), sector_identifier_uri=SECTOR)
        refused(response, "invalid_client_metadata", "sector_identifier_uri")

    @pytest.mark.parametrize("grant", [DEVICE_GRANT, CIBA_GRANT])
    def test_where_people_come_without_a_redirect_its_host_is_not_taken_on_trust(self, op, grant):
        changes = {"grant_types": ["authorization_code", grant], "backchannel_token_delivery_mode": "poll"}
        if grant not in metadata_grants():
            pytest.skip("the grant is not there")
        response = register(op, invite(grants=(grant,)), **changes)
        refused(response, "invalid_client_metadata", "sector_identifier_uri")


def metadata_grants():
    from idp.grant import grants

    return grants()


class TestSoftwareStatement:
    ISSUER = "https://software.gd.gov.cn"

    @pytest.fixture
    def key(self, load_settings, database):
        key = ECKey.generate_key("P-256")
        jwks = {"keys": [key.as_dict(private=False)]}
        load_settings(DATABASE_URL=database, TRUSTED_SOFTWARE_ISSUERS=json.dumps({self.ISSUER: jwks}))
        return key

    def statement(self, key, header=None, **claims):
        body = {"iss": self.ISSUER, "client_name": "办事通", "software_id": "bst"} | claims
        return jwt.encode({"alg": "ES256"} | (header or {}), body, key, algorithms=["ES256"])

    def test_nobody_is_trusted_unless_the_operator_says_so(self, op):
        statement = self.statement(ECKey.generate_key("P-256"))
        refused(register(op, invite(), software_statement=statement), "unapproved_software_statement")

    def test_that_of_a_trusted_issuer_wins(self, op, key):
        statement = self.statement(key)
        answer = register(op, invite(), software_statement=statement, software_id="mine").json
        assert answer["client_name"] == "办事通"
        assert answer["software_id"] == "bst"
        assert answer["software_statement"] == statement

    def test_it_gives_no_right(self, op, key):
        response = register(op, invite(), software_statement=self.statement(key, introspects=True))
        refused(response, "invalid_client_metadata", "introspects")

    def test_a_forged_one_is_refused(self, op, key):
        forged = [
            self.statement(ECKey.generate_key("P-256")),
            self.statement(key)[:-8] + "AAAAAAAA",
            self.statement(key, exp=1),
            self.statement(key, header={"typ": "at+jwt"}),
            "eyJhbGciOiJub25lIn0." + self.statement(key).split(".")[1] + ".",
            "eyJhbGciOiJub25lIn0." + self.statement(key).split(".")[1] + ".AAAA",
            "nonsense",
            1,
        ]
        for statement in forged:
            refused(register(op, invite(), software_statement=statement), "invalid_software_statement")
        other = self.statement(key, iss="https://else.example")
        refused(register(op, invite(), software_statement=other), "unapproved_software_statement")
        assert clients() == 0

    def test_the_jwks_can_stand_in_a_file(self, op, database, load_settings, tmp_path):
        key, file = ECKey.generate_key("P-256"), tmp_path / "jwks.json"
        file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        load_settings(DATABASE_URL=database, TRUSTED_SOFTWARE_ISSUERS=f"{self.ISSUER}={file}")
        assert register(op, invite(), software_statement=self.statement(key)).status_code == 201


FORMS = [
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://[::1]/x",
    "https://10.0.0.8/x",
    "https://192.168.1.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/x",
    "https://[fd00::1]/x",
    "https://[fe80::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://0.0.0.0/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://0177.0.0.1/x",
    "http://sz.example.gov.cn/x",
    "ftp://sz.example.gov.cn/x",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/x",
]


class TestWhatIsFetched:
    """Each member whose address we ever call, with each form of an inner address (IDENTITY §5, SSRF)."""

    @pytest.mark.parametrize("uri", FORMS)
    def test_a_sector_inside_is_never_asked(self, op, uri, monkeypatch):
        reached = []
        monkeypatch.setattr("kernel.http._exchange", lambda *a, **_k: reached.append(a))
        refused(register(op, invite(), sector_identifier_uri=uri), "invalid_client_metadata", "sector_identifier_uri")
        assert reached == []

    @pytest.mark.parametrize(
        "member", ["jwks_uri", "backchannel_logout_uri", "backchannel_client_notification_endpoint"]
    )
    def test_registering_the_others_calls_nobody_and_calling_them_is_refused(self, op, member, monkeypatch):
        reached = []
        monkeypatch.setattr("kernel.http._exchange", lambda *a, **_k: reached.append(a))
        for uri in FORMS:
            response = register(op, invite(), **{member: uri})
            assert response.status_code in {201, 400}, response.text
            with pytest.raises((http.EgressRefused, http.Unreachable)):
                http.request("GET", uri)
        assert reached == []

    def test_a_logo_is_never_fetched(self, op, monkeypatch):
        monkeypatch.setattr("kernel.http.request", None)
        assert register(op, invite(), logo_uri="https://169.254.169.254/logo.png").status_code == 201

    def test_the_table_knows_every_member_that_is_called(self):
        from idp.clients import uri_faults

        assert set(uri_faults.CALLED) == {
            "sector_identifier_uri",
            "jwks_uri",
            "backchannel_logout_uri",
            "backchannel_client_notification_endpoint",
        }
        named = {name for name in metadata.Metadata.model_fields if name.endswith(("_uri", "_endpoint"))}
        assert named - {"tls_client_auth_san_uri"} == {*uri_faults.CALLED, *uri_faults.SHOWN, *uri_faults.OPENED}
