"""What registration takes on nobody's word: rights, sectors, software statements, addresses that we would call."""

import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select

from idp.clients import metadata, registered, uri_faults
from idp.clients.metadata import CIBA_GRANT, DEVICE_GRANT, OPERATORS
from idp.models.client import Client
from kernel import http
from kernel.db import reading
from tests.protocol.registrar import JWKS, invite, refused, register


def clients() -> int:
    with reading() as db:
        return len(db.scalars(select(Client.id)).all())


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


SECTOR = "https://s.gov.cn/redirects.json"
KEYS = "https://a.gov.cn/keys.json"


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
        response = register(op, invite(grants=(grant,)), **changes)
        refused(response, "invalid_client_metadata", "sector_identifier_uri")

    @pytest.mark.parametrize("uris", [[], list(HOSTS)], ids=["none", "theirs"])
    @pytest.mark.parametrize("grant", [DEVICE_GRANT, CIBA_GRANT])
    def test_nobody_takes_the_names_of_another_sector_by_naming_its_public_list(self, op, at_the_sector, grant, uris):
        """The sector's own list and the addresses in it are for everybody to read and to send."""
        at_the_sector["body"] = json.dumps([*self.HOSTS, KEYS]).encode()
        code = {"grant_types": ["authorization_code", grant]} if uris else {"response_types": []}
        changes = {"grant_types": [grant], "backchannel_token_delivery_mode": "poll", "sector_identifier_uri": SECTOR}
        changes |= {"redirect_uris": uris} | code
        for proof in ({}, {"jwks_uri": KEYS}, {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}):
            response = register(op, invite(grants=(grant,)), **changes | proof)
            refused(response, "invalid_client_metadata", "sector_identifier_uri")
        key = {"token_endpoint_auth_method": "private_key_jwt"}
        elsewhere = register(op, invite(grants=(grant,)), **changes | key, jwks_uri="https://evil.example/keys")
        refused(elsewhere, "invalid_client_metadata", "sector_identifier_uri")
        good = register(op, invite(grants=(grant,)), **changes | key, jwks_uri=KEYS)
        assert registered.find(good.json["client_id"]).sector == "s.gov.cn"


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
        assert set(uri_faults.CALLED) == {
            "sector_identifier_uri",
            "jwks_uri",
            "backchannel_logout_uri",
            "backchannel_client_notification_endpoint",
        }
        named = {name for name in metadata.Metadata.model_fields if name.endswith(("_uri", "_endpoint"))}
        assert named - {"tls_client_auth_san_uri"} == {*uri_faults.CALLED, *uri_faults.SHOWN, *uri_faults.OPENED}
