"""Client certificates (RFC 8705): of an authority or registered, tokens bound to them, and whose header is believed."""

import base64
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey

from idp.clients import certificate
from kernel import settings
from kernel.errors import Invalid
from tests.protocol.client_keys import FarEnd, far_end, key_client
from tests.protocol.parties import ISSUER, Pkce
from tests.protocol.test_code_redemption import refused

__all__ = ["far_end"]
CC = {"grant_type": "client_credentials"}
HEADER, VERIFIED = "X-Client-Cert", "X-Client-Verify"
NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "广东省 Office, Data"),
        x509.NameAttribute(NameOID.COMMON_NAME, "portal"),
    ]
)
DN = NAME.rfc4514_string()


def make(key=None, *, names=(), subject=NAME):
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256())


def thumbprint(cert):
    return base64.urlsafe_b64encode(cert.fingerprint(hashes.SHA256())).decode().rstrip("=")


def pem(cert):
    return quote(cert.public_bytes(Encoding.PEM).decode(), safe="")


def sent(cert, *, verified="SUCCESS"):
    """What the proxy sends of a connection with this certificate."""
    return {HEADER: pem(cert), VERIFIED: verified}


@pytest.fixture
def proxied(database, load_settings):
    """Settings of an installation behind a proxy that hands certificates on."""

    def load(**changes):
        named = {"TRUSTED_HOPS": "1", "MTLS_CERTIFICATE_HEADER": HEADER, "MTLS_VERIFIED_HEADER": VERIFIED}
        return load_settings(DATABASE_URL=database, **named | changes)

    load()
    return load


@pytest.fixture
def op(op, proxied):
    return op


def client(op, method="tls_client_auth", **changes):
    raw = {"token_endpoint_auth_method": method, "grant_types": ["client_credentials"], "redirect_uris": []}
    raw |= {"scope": "feeds:cases"} | changes
    return op.portal(**raw)


def ask(op, portal, headers, **form):
    return op.token(headers=headers, client_id=portal.client_id, **CC, **form)


class TestAuthority:
    def test_by_its_name(self, op):
        portal = client(op, tls_client_auth_subject_dn=DN)
        response = ask(op, portal, sent(make()))
        assert response.status_code == 200, response.text
        assert response.json["token_type"] == "Bearer"

    @pytest.mark.parametrize(
        ("member", "registered", "name"),
        [
            ("san_dns", "Portal.example.gov.cn", x509.DNSName("portal.example.gov.cn")),
            ("san_uri", "urn:portal:1", x509.UniformResourceIdentifier("urn:portal:1")),
            ("san_ip", "2001:db8:0:0::1", x509.IPAddress(ip_address("2001:db8::1"))),
            ("san_email", "it@Example.gov.cn", x509.RFC822Name("it@example.gov.cn")),
        ],
    )
    def test_by_another_name(self, op, member, registered, name):
        portal = client(op, **{f"tls_client_auth_{member}": registered})
        assert ask(op, portal, sent(make(names=[name]))).status_code == 200
        refused(ask(op, portal, sent(make())), "invalid_client", 401)
        others = [x509.DNSName("other.gov.cn"), x509.IPAddress(ip_address("10.0.0.1")), x509.RFC822Name("a@b.cn")]
        refused(ask(op, portal, sent(make(names=others))), "invalid_client", 401)
        # The same text as a name of another kind.
        wrong = x509.UniformResourceIdentifier if member != "san_uri" else x509.DNSName
        refused(ask(op, portal, sent(make(names=[wrong(registered)]))), "invalid_client", 401)

    @pytest.mark.parametrize("verified", ["FAILED:self-signed certificate", "NONE", "", "success", "SUCCESS, SUCCESS"])
    def test_one_that_the_proxy_did_not_find_good(self, op, verified):
        portal = client(op, tls_client_auth_subject_dn=DN)
        refused(ask(op, portal, sent(make(), verified=verified)), "invalid_client", 401)

    def test_without_the_proxys_word(self, op):
        portal = client(op, tls_client_auth_subject_dn=DN)
        refused(ask(op, portal, {HEADER: pem(make())}), "invalid_client", 401)
        refused(ask(op, portal, {VERIFIED: "SUCCESS"}), "invalid_client", 401)

    def test_another_name(self, op):
        portal = client(op, tls_client_auth_subject_dn=DN)
        other = x509.Name([*[*NAME][:2], x509.NameAttribute(NameOID.COMMON_NAME, "portal2")])
        for subject in (other, x509.Name([*NAME][:2]), x509.Name(reversed([*NAME]))):
            refused(ask(op, portal, sent(make(subject=subject))), "invalid_client", 401)

    @pytest.mark.parametrize(
        "text",
        ["", "x", ":AAAA:", "::", quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "x" * 20000],
    )
    def test_what_is_no_certificate(self, op, text):
        portal = client(op, tls_client_auth_subject_dn=DN)
        refused(ask(op, portal, {HEADER: text, VERIFIED: "SUCCESS"}), "invalid_client", 401)

    @pytest.mark.parametrize("form", ["rfc9440", "base64", "pem"])
    def test_the_forms_that_proxies_write(self, op, form):
        portal, cert = client(op, tls_client_auth_subject_dn=DN), make()
        plain = base64.b64encode(cert.public_bytes(Encoding.DER)).decode()
        text = {"rfc9440": f":{plain}:", "base64": quote(plain, safe=""), "pem": pem(cert)}[form]
        assert ask(op, portal, {HEADER: text, VERIFIED: "SUCCESS"}).status_code == 200

    def test_beside_another_method(self, op):
        portal, machine = client(op, tls_client_auth_subject_dn=DN), op.machine_client("feeds:cases")
        refused(ask(op, portal, sent(make()), client_secret="x"), "invalid_client", 401)
        refused(op.token(headers=sent(make()) | machine.basic, client_id=portal.client_id, **CC), "invalid_request")
        assert op.token(headers=sent(make()) | machine.basic, **CC).status_code == 200

    def test_a_certificate_is_no_secret(self, op):
        machine = op.machine_client("feeds:cases")
        refused(ask(op, machine, sent(make())), "invalid_client", 401)


class TestRegistered:
    """self_signed_tls_client_auth."""

    @pytest.fixture
    def key(self):
        return ECKey.generate_key("P-256")

    @pytest.fixture
    def portal(self, op, key):
        jwks = {"keys": [key.as_dict(private=False)]}
        return client(op, "self_signed_tls_client_auth", jwks=jwks)

    def test_its_key(self, op, portal, key):
        for verified in ("FAILED:self-signed certificate", "SUCCESS", "NONE"):
            assert ask(op, portal, sent(make(key.private_key), verified=verified)).status_code == 200

    def test_an_rsa_key(self, op):
        key = RSAKey.generate_key(2048)
        portal = client(op, "self_signed_tls_client_auth", jwks={"keys": [key.as_dict(private=False)]})
        assert ask(op, portal, sent(make(key.private_key))).status_code == 200

    def test_another_key(self, op, portal):
        refused(ask(op, portal, sent(make())), "invalid_client", 401)
        refused(ask(op, portal, {}), "invalid_client", 401)

    def test_a_key_of_yesterday_is_replaced_through_jwks_uri(self, op, key, far_end: FarEnd, monkeypatch):
        portal = client(op, "self_signed_tls_client_auth", jwks_uri="https://portal.example.gov.cn/jwks.json")
        far_end.has(ECKey.generate_key("P-256"))
        refused(ask(op, portal, sent(make(key.private_key))), "invalid_client", 401)
        monkeypatch.setattr("idp.clients.keys.AGAIN_SECONDS", 0)
        far_end.has(key)
        assert ask(op, portal, sent(make(key.private_key))).status_code == 200


class TestBound:
    """Tokens that count with the certificate alone (RFC 8705 §3)."""

    @pytest.fixture
    def portal(self, op):
        return op.portal(token_endpoint_auth_method="none", tls_client_certificate_bound_access_tokens=True)

    def redeem(self, op, portal, headers):
        pkce, person = Pkce(), op.person().sign_in()
        form = {"grant_type": "authorization_code", "redirect_uri": portal.redirect_uri, "client_id": portal.client_id}
        form |= {"code": person.code(portal, pkce), "code_verifier": pkce.verifier}
        return op.token(headers=headers, **form)

    def test_the_token_names_the_certificate_and_counts_with_it_alone(self, op, portal):
        cert = make()
        answer = self.redeem(op, portal, sent(cert)).json
        assert answer["token_type"] == "Bearer"
        token = answer["access_token"]
        assert op.read(token).claims["cnf"] == {"x5t#S256": thumbprint(cert)}
        assert op.userinfo(token, headers=sent(cert, verified="NONE")).status_code == 200
        for headers in ({}, sent(make())):
            response = op.userinfo(token, headers=headers)
            assert response.status_code == 401
            assert response.json["error"] == "invalid_token"

    def test_a_public_clients_refresh_token_too(self, op, portal):
        cert = make()
        token = self.redeem(op, portal, sent(cert)).json["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": portal.client_id}
        refused(op.token(headers=sent(make()), **form), "invalid_grant")
        assert op.token(headers=sent(cert), **form).status_code == 200

    def test_without_one_there_is_no_token(self, op, portal):
        response = self.redeem(op, portal, {})
        refused(response, "invalid_request")
        assert "certificate" in response.json["error_description"]

    def test_beside_a_signed_assertion(self, op):
        """The certificate on the connection is no second method of authentication."""
        signer, cert = key_client(op, tls_client_certificate_bound_access_tokens=True), make()
        answer = op.token(headers=sent(cert), **signer.form(), **CC)
        assert op.read(answer.json["access_token"]).claims["cnf"] == {"x5t#S256": thumbprint(cert)}


class TestTrust:
    """A header is what anybody can write."""

    @pytest.mark.parametrize(
        "changes", [{"TRUSTED_HOPS": "0"}, {"MTLS_CERTIFICATE_HEADER": None, "MTLS_VERIFIED_HEADER": None}], ids=str
    )
    def test_nobody_in_front_nobody_believed(self, op, proxied, changes):
        by_name = client(op, tls_client_auth_subject_dn=DN)
        key = ECKey.generate_key("P-256")
        by_key = client(op, "self_signed_tls_client_auth", jwks={"keys": [key.as_dict(private=False)]})
        bound = op.portal(token_endpoint_auth_method="none", tls_client_certificate_bound_access_tokens=True)
        proxied(**changes)
        refused(ask(op, by_name, sent(make())), "invalid_client", 401)
        refused(ask(op, by_key, sent(make(key.private_key))), "invalid_client", 401)
        refused(TestBound().redeem(op, bound, sent(make())), "invalid_request")
        document = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
        assert "tls_client_certificate_bound_access_tokens" not in document
        assert not {m for m in document["token_endpoint_auth_methods_supported"] if "tls" in m}
        with pytest.raises(Invalid):
            client(op, tls_client_auth_subject_dn=DN)

    def test_without_the_header_of_verification_authorities_are_not_offered(self, op, proxied):
        proxied(MTLS_VERIFIED_HEADER=None)
        document = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
        assert "self_signed_tls_client_auth" in document["token_endpoint_auth_methods_supported"]
        assert "tls_client_auth" not in document["token_endpoint_auth_methods_supported"]


class TestDiscovery:
    def test_at_one_address(self, op):
        document = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
        assert document["tls_client_certificate_bound_access_tokens"] is True
        assert "mtls_endpoint_aliases" not in document
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(
            document["token_endpoint_auth_methods_supported"]
        )

    def test_at_an_address_of_its_own(self, op, proxied):
        proxied(MTLS_URL="https://mtls.example.gov.cn/")
        document = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
        aliases = document["mtls_endpoint_aliases"]
        assert aliases["token_endpoint"] == "https://mtls.example.gov.cn/token"
        assert {"userinfo_endpoint", "introspection_endpoint", "revocation_endpoint"} <= set(aliases)
        assert not {"authorization_endpoint", "jwks_uri", "issuer"} & set(aliases)


@pytest.mark.parametrize(
    "environ",
    [
        {"MTLS_CERTIFICATE_HEADER": "X Client"},
        {"MTLS_VERIFIED_HEADER": "X-Verified"},
        {"MTLS_URL": "https://mtls.example.gov.cn"},
        {"MTLS_CERTIFICATE_HEADER": HEADER, "MTLS_URL": "http://mtls.example.gov.cn"},
        {"MTLS_CERTIFICATE_HEADER": HEADER, "MTLS_URL": "https://mtls.example.gov.cn/x"},
    ],
    ids=str,
)
def test_settings_that_cannot_be(load_settings, environ):
    load_settings(**environ)
    with pytest.raises(settings.SettingsError):
        certificate.offered()
        certificate.base_url()


@pytest.mark.parametrize("text", ["CN=portal,O=x", r"CN=a\,b,C=CN", "1.2.3.4=x", "emailAddress=a@b.cn,CN=x"])
def test_names_that_can_be_registered(text):
    assert certificate.name_of(text) is not None


@pytest.mark.parametrize("text", ["portal", "CN", "=x", "CN=portal;;", "C=CHN"])
def test_names_that_cannot(text):
    assert certificate.name_of(text) is None
