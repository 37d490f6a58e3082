"""Client authentication (RFC 6749 §2.3) and client credentials (§4.4)."""

import base64

import pytest

from idp.clients import change
from kernel.db import transaction
from tests.protocol.parties import ISSUER, Pkce
from tests.protocol.test_code_redemption import refused


def basic(client_id, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


CC = {"grant_type": "client_credentials"}


class TestAuthentication:
    @pytest.fixture
    def machine(self, op):
        return op.machine_client("feeds:cases")

    def test_basic(self, op, machine):
        assert op.token(machine, **CC).status_code == 200

    def test_basic_credentials_are_form_encoded(self, op, machine):
        quoted = "".join(f"%{ord(c):02x}" for c in machine.client_id), "".join(f"%{ord(c):02X}" for c in machine.secret)
        assert op.token(headers=basic(*quoted), **CC).status_code == 200

    def test_the_scheme_name_is_case_insensitive(self, op, machine):
        header = basic(machine.client_id, machine.secret)["Authorization"].replace("Basic", "bASIC")
        assert op.token(headers={"Authorization": header}, **CC).status_code == 200

    @pytest.mark.parametrize(
        "header",
        [
            "Basic",
            "Basic ",
            "Basic %%%",
            "Basic /////w==",
            "Basic " + base64.b64encode(b"nocolon").decode(),
            "Basic " + base64.b64encode(b":").decode(),
            "Basic " + base64.b64encode(b"a\x00b:c").decode(),
            "Bearer abc",
            "Digest x",
            "nonsense",
        ],
    )
    def test_an_unreadable_header_is_invalid_client_with_a_challenge(self, op, header):
        response = op.token(headers={"Authorization": header}, **CC)
        refused(response, "invalid_client", 401)
        assert response.headers["WWW-Authenticate"].startswith('Basic realm="')

    def test_wrong_secret_unknown_client_and_wrong_method_look_alike(self, op, machine):
        post = op.portal(token_endpoint_auth_method="client_secret_post")
        answers = [
            op.token(headers=basic(machine.client_id, "wrong"), **CC),
            op.token(headers=basic("nobody", "wrong"), **CC),
            op.token(headers=basic(post.client_id, post.secret), **CC),
            op.token(headers={}, client_id=machine.client_id, client_secret=machine.secret, **CC),
        ]
        # Who sent no credentials is told so, whoever the client is.
        silent = [
            op.token(headers={}, client_id=machine.client_id, **CC),
            op.token(headers={}, client_id="nobody", **CC),
            op.token(headers={}, **CC),
        ]
        for answer in (*answers, *silent):
            refused(answer, "invalid_client", 401)
        assert len({answer.data for answer in answers}) == 1
        assert len({answer.data for answer in silent}) == 1

    def test_post(self, op):
        portal = op.portal(
            token_endpoint_auth_method="client_secret_post",
            grant_types=["client_credentials"],
            redirect_uris=[],
            scope="feeds:cases",
        )
        good = {"client_id": portal.client_id, "client_secret": portal.secret}
        assert op.token(headers={}, **good, **CC).status_code == 200
        refused(op.token(headers={}, **good | {"client_secret": "x"}, **CC), "invalid_client", 401)

    def test_more_than_one_method_is_refused(self, op, machine):
        both = {"client_id": machine.client_id, "client_secret": machine.secret}
        refused(op.token(machine, **both, **CC), "invalid_request")

    def test_another_client_id_beside_the_header_is_refused(self, op, machine):
        refused(op.token(machine, client_id="other", **CC), "invalid_request")
        assert op.token(machine, client_id=machine.client_id, **CC).status_code == 200

    def test_a_public_client_needs_no_secret_and_may_not_send_one(self, op):
        portal, person, pkce = op.portal(token_endpoint_auth_method="none"), op.person().sign_in(), Pkce()
        code = person.code(portal, pkce)
        refused(op.redeem(portal, code, pkce, client_secret="x"), "invalid_client", 401)
        assert op.redeem(portal, code, pkce).status_code == 200

    def test_a_confidential_client_cannot_pass_for_a_public_one(self, op):
        portal, person, pkce = op.portal(), op.person().sign_in(), Pkce()
        code = person.code(portal, pkce)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": portal.redirect_uri}
        answer = op.token(headers={}, client_id=portal.client_id, code_verifier=pkce.verifier, **form)
        refused(answer, "invalid_client", 401)

    def test_two_secrets_are_good_for_a_week_so_that_a_portal_can_change_over(self, op, frozen_clock):
        machine = op.machine_client("feeds:cases")
        with transaction() as db:
            second = change.add_secret(db, machine.client_id)
        both = [basic(machine.client_id, secret) for secret in (machine.secret, second)]
        assert [op.token(headers=h, **CC).status_code for h in both] == [200, 200]
        frozen_clock.advance(days=7)
        assert [op.token(headers=h, **CC).status_code for h in both] == [401, 200]

    def test_a_third_secret_ends_the_first(self, op):
        machine = op.machine_client("feeds:cases")
        with transaction() as db:
            second = change.add_secret(db, machine.client_id)
        with transaction() as db:
            third = change.add_secret(db, machine.client_id)
        headers = [basic(machine.client_id, secret) for secret in (machine.secret, second, third)]
        assert [op.token(headers=h, **CC).status_code for h in headers] == [401, 200, 200]

    def test_a_disabled_client_is_nobody(self, op, machine):
        assert op.token(machine, **CC).status_code == 200
        with transaction() as db:
            change.disable(db, machine.client_id)
        refused(op.token(machine, **CC), "invalid_client", 401)


class TestClientCredentials:
    def test_the_token_is_the_machines_own(self, op):
        machine = op.machine_client("feeds:cases", "feeds:certificates")
        answer = op.token(machine, **CC).json
        assert "refresh_token" not in answer
        assert "id_token" not in answer
        assert answer["scope"] == "feeds:cases feeds:certificates"
        claims = op.read(answer["access_token"]).claims
        assert claims["sub"] == claims["client_id"] == machine.client_id
        assert claims["aud"] == ISSUER
        assert "family" not in claims

    def test_a_scope_it_is_not_registered_for_is_left_out(self, op):
        machine = op.machine_client("feeds:cases", "feeds:certificates")
        assert op.token(machine, scope="feeds:cases feeds:persons", **CC).json["scope"] == "feeds:cases"
        refused(op.token(machine, scope="feeds:persons", **CC), "invalid_scope")

    def test_what_belongs_to_a_person_is_never_a_machines(self, op):
        portal = op.portal(grant_types=["authorization_code", "client_credentials"], scope="openid email materials")
        assert op.token(portal, **CC).json["scope"] == "materials"
        refused(op.token(portal, scope="openid email", **CC), "invalid_scope")
        assert op.userinfo(op.token(portal, **CC).json["access_token"]).status_code == 403

    def test_a_client_that_is_not_registered_for_it_is_unauthorized(self, op):
        refused(op.token(op.portal(), **CC), "unauthorized_client")


class TestRequest:
    def test_parameters_in_the_address_are_refused(self, op):
        machine = op.machine_client("feeds:cases")
        response = op.machine.post(
            "/token?grant_type=client_credentials", base_url=ISSUER, data=CC, headers=machine.basic
        )
        refused(response, "invalid_request")

    def test_a_parameter_that_comes_twice_is_refused(self, op):
        machine = op.machine_client("feeds:cases")
        response = op.machine.post(
            "/token",
            base_url=ISSUER,
            data="grant_type=client_credentials&grant_type=client_credentials",
            content_type="application/x-www-form-urlencoded",
            headers=machine.basic,
        )
        refused(response, "invalid_request")

    @pytest.mark.parametrize(
        "grant_type", ["password", "implicit", "数", "urn:ietf:params:oauth:grant-type:saml2-bearer"]
    )
    def test_a_grant_that_is_not_offered_is_unsupported(self, op, grant_type):
        refused(op.token(op.machine_client("feeds:cases"), grant_type=grant_type), "unsupported_grant_type")

    def test_without_grant_type_it_is_invalid(self, op):
        refused(op.token(op.machine_client("feeds:cases"), scope="x"), "invalid_request")

    def test_json_is_not_a_form(self, op):
        machine = op.machine_client("feeds:cases")
        response = op.machine.post("/token", base_url=ISSUER, json=CC, headers=machine.basic)
        assert response.status_code == 400
        assert response.json["error"] == "invalid_request"

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_only_post(self, op, method):
        response = op.machine.open("/token", method=method, base_url=ISSUER)
        assert response.status_code == 405
        assert "POST" in response.headers["Allow"]

    def test_a_body_that_is_too_large_is_refused(self, op):
        assert op.token(headers={}, grant_type="x" * 70000).status_code == 413
