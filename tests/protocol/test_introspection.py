"""Introspection (RFC 7662), signed introspection (RFC 9701)."""

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import update

from idp.consent import decide
from idp.models.account import Account
from idp.tokens import families
from kernel.db import transaction
from tests.protocol.parties import ISSUER, statements

API = "https://b.example.gov.cn/api"
JWT_TYPE = "application/token-introspection+jwt"


def introspect(op, client, token, *, headers=None, **form):
    return op.machine.post(
        "/introspect", base_url=ISSUER, data={"token": token, **form}, headers={**client.basic, **(headers or {})}
    )


@pytest.fixture
def portal(op, frozen_clock):
    return op.portal()


@pytest.fixture
def person(op):
    return op.person(level=4).sign_in(level=4)


@pytest.fixture
def tokens(op, portal, person):
    return op.tokens(portal, person, scope="openid materials")


class TestWhoMayAsk:
    def test_the_client_that_holds_it(self, op, portal, tokens):
        answer = introspect(op, portal, tokens["access_token"])
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        claims = op.read(tokens["access_token"]).claims
        assert answer.json == {
            "active": True,
            "token_type": "Bearer",
            "scope": "materials openid",
            "client_id": portal.client_id,
            "sub": op.read(tokens["id_token"]).claims["sub"],
            "aud": ISSUER,
            "iss": ISSUER,
            "exp": claims["exp"],
            "iat": claims["iat"],
            "jti": claims["jti"],
            "auth_time": claims["auth_time"],
            "acr": "4",
        }

    def test_another_client_learns_nothing(self, op, tokens):
        other = op.portal()
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert introspect(op, other, token).json == {"active": False}

    def test_the_client_whose_interface_it_is_for(self, op, portal):
        api = op.portal(resource_uris=[API])
        machine = op.machine_client("materials")
        form = {"grant_type": "client_credentials", "resource": API}
        token = op.token(machine, **form).json["access_token"]
        told = introspect(op, api, token).json
        assert (told["active"], told["aud"], told["client_id"]) == (True, API, machine.client_id)
        assert "username" not in told
        assert introspect(op, portal, token).json == {"active": False}

    def test_whom_an_operator_lets_ask_about_every_token_but_not_about_refresh_tokens(self, op, tokens):
        gateway = op.portal(introspects=True)
        assert introspect(op, gateway, tokens["access_token"]).json["active"] is True
        assert introspect(op, gateway, tokens["refresh_token"]).json == {"active": False}

    @pytest.mark.parametrize(
        "headers", [{}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}], ids=["none", "wrong", "bearer"]
    )
    def test_nobody_else(self, op, tokens, headers):
        answer = op.machine.post(
            "/introspect", base_url=ISSUER, data={"token": tokens["access_token"]}, headers=headers
        )
        assert answer.status_code == 401
        assert answer.json["error"] == "invalid_client"

    def test_a_public_client_proves_nothing_by_its_name(self, op, person):
        public = op.portal(token_endpoint_auth_method="none")
        token = op.tokens(public, person)["access_token"]
        data = {"token": token, "client_id": public.client_id}
        answer = op.machine.post("/introspect", base_url=ISSUER, data=data)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")

    def test_get_is_refused_and_so_is_a_token_in_the_address(self, op, portal, tokens):
        token = tokens["access_token"]
        assert op.machine.get("/introspect", base_url=ISSUER, headers=portal.basic).status_code == 405
        answer = op.machine.post(f"/introspect?token={token}", base_url=ISSUER, data={}, headers=portal.basic)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


class TestWhatIsOver:
    def test_expired(self, op, portal, tokens, frozen_clock):
        frozen_clock.advance(seconds=600)
        assert introspect(op, portal, tokens["access_token"]).json == {"active": False}

    def test_its_family_was_ended(self, op, portal, person, tokens):
        assert introspect(op, portal, tokens["access_token"]).json["active"] is True
        with transaction() as db:
            decide.withdraw(db, client_id=portal.client_id, account_id=person.account_id)
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert introspect(op, portal, token).json == {"active": False}

    def test_a_client_that_was_disabled(self, op, portal, tokens):
        from idp.clients import change

        gateway = op.portal(introspects=True)
        machine = op.machine_client("feeds:cases")
        its = op.token(machine, grant_type="client_credentials").json["access_token"]
        assert introspect(op, gateway, its).json["active"] is True
        with transaction() as db:
            change.disable(db, portal.client_id)
            change.disable(db, machine.client_id)
        assert introspect(op, gateway, tokens["access_token"]).json == {"active": False}
        assert introspect(op, gateway, its).json == {"active": False}

    def test_a_scope_the_client_lost_is_not_told(self, op, portal, tokens):
        from idp.clients import registered
        from idp.models.client import Client

        with transaction() as db:
            db.execute(update(Client).where(Client.id == portal.client_id).values(scopes=["openid"]))
        registered.forget(portal.client_id)
        assert introspect(op, portal, tokens["access_token"]).json["scope"] == "openid"

    def test_a_level_that_fell_is_told(self, op, portal, person, tokens):
        with transaction() as db:
            db.execute(update(Account).where(Account.id == person.account_id).values(level=2))
        families.forget()
        assert introspect(op, portal, tokens["access_token"]).json["acr"] == "2"

    @pytest.mark.parametrize(
        "garbage", ["", "x", "a.b.c", "x" * 20_000, "é.é.é", f"{'a' * 32}.0.{'A' * 43}", "..", "\x01"],
        ids=["empty", "x", "abc", "long", "accents", "made-up-refresh", "dots", "control"],
    )  # fmt: skip
    def test_what_is_no_token_is_inactive(self, op, portal, garbage):
        answer = introspect(op, portal, garbage)
        assert (answer.status_code, answer.json) == (200, {"active": False})

    def test_an_id_token_is_no_access_token(self, op, portal, tokens):
        assert introspect(op, portal, tokens["id_token"]).json == {"active": False}

    def test_nor_is_what_introspection_signed(self, op, portal, tokens):
        signed = introspect(op, portal, tokens["access_token"], headers={"Accept": JWT_TYPE}).text
        assert introspect(op, portal, signed).json == {"active": False}


class TestRefreshTokens:
    def test_the_current_one_for_its_client(self, op, portal, tokens):
        told = introspect(op, portal, tokens["refresh_token"], token_type_hint="refresh_token").json
        assert (told["active"], told["client_id"], told["scope"]) == (True, portal.client_id, "materials openid")
        assert told["exp"] - told["iat"] == 7 * 86400
        assert "token_type" not in told  # or a resource server might take it for an access token

    def test_a_spent_one_is_inactive_and_asking_ends_nothing(self, op, portal, tokens, frozen_clock):
        second = op.refresh(portal, tokens["refresh_token"]).json["refresh_token"]
        frozen_clock.advance(minutes=1)
        assert introspect(op, portal, tokens["refresh_token"]).json == {"active": False}
        assert introspect(op, portal, second).json["active"] is True
        assert op.refresh(portal, second).status_code == 200

    def test_a_wrong_hint_changes_nothing(self, op, portal, tokens):
        for hint in ("refresh_token", "access_token", "x"):
            told = introspect(op, portal, tokens["access_token"], token_type_hint=hint).json
            assert told["token_type"] == "Bearer"

    def test_after_a_week_without_use_it_is_inactive(self, op, portal, tokens, frozen_clock):
        frozen_clock.advance(days=7)
        assert introspect(op, portal, tokens["refresh_token"]).json == {"active": False}


class TestSigned:
    def read(self, op, answer):
        assert answer.headers["Content-Type"] == JWT_TYPE
        return op.read(answer.text)

    def test_for_who_asks_for_it(self, op, portal, tokens):
        token = self.read(op, introspect(op, portal, tokens["access_token"], headers={"Accept": JWT_TYPE}))
        assert token.header["typ"] == "token-introspection+jwt"
        assert token.header["alg"] == "RS256"
        plain = introspect(op, portal, tokens["access_token"]).json
        claims = token.claims
        assert (claims["iss"], claims["aud"], claims["token_introspection"]) == (ISSUER, portal.client_id, plain)
        assert set(claims) == {"iss", "aud", "iat", "token_introspection"}  # no exp, no sub (RFC 9701 §5)

    @pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
    def test_for_who_registered_it(self, op, tokens, alg):
        gateway = op.portal(introspects=True, introspection_signed_response_alg=alg)
        token = self.read(op, introspect(op, gateway, tokens["access_token"]))
        assert token.header["alg"] == alg
        assert token.claims["token_introspection"]["active"] is True

    def test_of_an_unknown_token_only_that_it_is_inactive(self, op, portal):
        token = self.read(op, introspect(op, portal, "x", headers={"Accept": JWT_TYPE}))
        assert token.claims["token_introspection"] == {"active": False}

    def test_what_it_says_is_no_access_token_at_our_own_interfaces(self, op, portal, tokens):
        signed = introspect(op, portal, tokens["access_token"], headers={"Accept": JWT_TYPE}).text
        assert op.userinfo(signed).status_code == 401


def test_a_forged_token_is_inactive(op, portal, tokens):
    read = op.read(tokens["access_token"])
    forged = jwt.encode(read.header, read.claims, ECKey.generate_key("P-256"))
    assert introspect(op, portal, forged).json == {"active": False}


def test_one_read_at_first_sight_and_none_when_repeated(op, portal, tokens):
    with statements() as (sent, commits):
        introspect(op, portal, tokens["access_token"])
        assert len(sent) == 1, sent
        introspect(op, portal, tokens["access_token"])
    assert len(sent) == 1, sent
    assert commits == []


def test_discovery_names_it(op):
    told = op.machine.get("/.well-known/oauth-authorization-server", base_url=ISSUER).json
    assert told["introspection_endpoint"] == f"{ISSUER}/introspect"
    assert "client_secret_basic" in told["introspection_endpoint_auth_methods_supported"]
    assert "none" not in told["introspection_endpoint_auth_methods_supported"]
    assert "ES256" in told["introspection_signing_alg_values_supported"]
    assert told["revocation_endpoint"] == f"{ISSUER}/revoke"
