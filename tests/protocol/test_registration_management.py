"""A client that manages its own registration: RFC 7592."""

import pytest
from sqlalchemy import select, update

from idp.clients import change, registered
from idp.clients.metadata import OPERATORS
from idp.models.client import Client, ClientSecret
from idp.models.token import TokenFamily
from idp.registration import register as acts
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.parties import ISSUER, Portal
from tests.protocol.registrar import JWKS, invite, manage, refused, register, replacing
from tests.protocol.test_registration_trust import RIGHTS


@pytest.fixture
def mine(op):
    response = register(op, invite(scope="openid profile email"), grant_types=["authorization_code", "refresh_token"])
    assert response.status_code == 201, response.text
    return response.json


def portal_of(answer):
    uri = answer["redirect_uris"][0]
    return Portal(client_id=answer["client_id"], secret=answer.get("client_secret"), redirect_uri=uri)


class TestToken:
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    @pytest.mark.parametrize("whose", ["nobody's", "none", "another's", "the invitation"])
    def test_only_its_own_token_opens_a_registration(self, op, mine, method, whose):
        invitation = invite()
        other = register(op, invitation).json["registration_access_token"]
        token = {"nobody's": "x", "none": None, "another's": other, "the invitation": invitation}[whose]
        response = manage(op, mine, method, token=token, json=replacing(mine))
        refused(response, "invalid_token", status=401)
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
        assert manage(op, mine).status_code == 200

    def test_an_unknown_client_looks_like_a_wrong_token(self, op, mine):
        unknown = mine | {"registration_client_uri": f"{ISSUER}/register/nobody"}
        odd = mine | {"registration_client_uri": f"{ISSUER}/register/%27%20or%201%3D1"}
        wrong = manage(op, mine, token="wrong")
        assert manage(op, unknown).json == manage(op, odd).json == wrong.json

    def test_a_client_that_was_registered_from_a_file_has_none(self, op):
        portal = op.portal()
        for token in ("", "None", "null", "x"):
            answer = {"registration_client_uri": f"{ISSUER}/register/{portal.client_id}"}
            assert manage(op, answer, token=token).status_code == 401

    def test_a_client_that_was_disabled_has_none(self, op, mine):
        with transaction() as db:
            change.disable(db, mine["client_id"])
        refused(manage(op, mine), "invalid_token", status=401)

    def test_an_operator_hands_out_another(self, op, mine):
        with transaction() as db:
            new = acts.new_token(db, mine["client_id"])
        refused(manage(op, mine), "invalid_token", status=401)
        assert new["registration_client_uri"] == mine["registration_client_uri"]
        assert manage(op, mine | new).status_code == 200


class TestRead:
    def test_it_tells_all_but_the_secret_which_nobody_knows_any_more(self, op, mine):
        response = manage(op, mine)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json == {n: v for n, v in mine.items() if not n.startswith("client_secret")}


class TestReplace:
    def test_what_is_left_out_goes_and_what_is_new_counts_at_once(self, op, mine):
        first = manage(op, mine, "PUT", json=replacing(mine, contacts=["a@b.cn"], client_name="甲"))
        assert first.status_code == 200, first.text
        assert first.json["contacts"] == ["a@b.cn"]
        second = manage(op, mine, "PUT", json=replacing(first.json, contacts=..., client_name="乙")).json
        assert "contacts" not in second
        assert second["registration_access_token"] == mine["registration_access_token"]
        assert registered.find(mine["client_id"]).name == "乙"
        assert manage(op, mine).json == second
        with reading() as db:
            entries = db.scalars(select(AuditEntry).where(AuditEntry.act == "client.changed")).all()
        assert {(e.client_id, e.subject) for e in entries} == {(mine["client_id"], mine["client_id"])}
        assert entries[0].details["members"] == "client_name contacts"

    def test_the_secret_stays_unless_it_has_no_use(self, op, mine):
        kept = manage(op, mine, "PUT", json=replacing(mine))
        assert "client_secret" not in kept.json
        assert op.token(portal_of(mine), grant_type="refresh_token", refresh_token="x").status_code == 400
        keyed = manage(op, mine, "PUT", json=replacing(mine, token_endpoint_auth_method="private_key_jwt", jwks=JWKS))
        assert keyed.status_code == 200, keyed.text
        with reading() as db:
            assert db.scalars(select(ClientSecret.id)).all() == []
        again = manage(op, mine, "PUT", json=replacing(mine, client_secret=...)).json
        assert again["client_secret"] != mine["client_secret"]
        assert again["client_secret_expires_at"] == 0

    @pytest.mark.parametrize("changes", [{"client_id": "other"}, {"client_id": ...}, {"client_secret": "wrong"}])
    def test_its_id_must_be_there_and_a_secret_its_own(self, op, mine, changes):
        named = next(iter(changes))
        refused(manage(op, mine, "PUT", json=replacing(mine, **changes)), "invalid_client_metadata", named)

    @pytest.mark.parametrize(
        "member",
        [
            "registration_access_token",
            "registration_client_uri",
            "client_secret_expires_at",
            "client_id_issued_at",
        ],
    )
    def test_what_is_ours_is_not_sent_back(self, op, mine, member):
        raw = replacing(mine) | {member: mine[member]}
        refused(manage(op, mine, "PUT", json=raw), "invalid_client_metadata", member)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"redirect_uris": ["http://x.example/cb"]}, "invalid_redirect_uri"),
            ({"redirect_uris": ...}, "invalid_redirect_uri"),
            ({"scope": "openid nonsense"}, "invalid_client_metadata"),
            ({"jwks": {"keys": []}}, "invalid_client_metadata"),
        ],
    )
    def test_the_rules_are_those_of_the_first_time(self, op, mine, changes, error):
        refused(manage(op, mine, "PUT", json=replacing(mine, **changes)), error, next(iter(changes)))
        assert manage(op, mine).json["redirect_uris"] == mine["redirect_uris"]

    @pytest.mark.parametrize("member", sorted(OPERATORS))
    def test_it_gives_itself_no_right(self, op, mine, member):
        raw = replacing(mine) | {member: RIGHTS[member]}
        refused(manage(op, mine, "PUT", json=raw), "invalid_client_metadata", member)

    def test_what_the_operator_set_stays_however_it_is_sent_back(self, op, mine):
        set_by_operator = {"purpose": "为您办理业务", "introspects": True}
        with transaction() as db:
            from idp.clients import metadata

            raw = {n: v for n, v in mine.items() if not n.startswith(("client_id", "client_secret", "registration"))}
            change.change(db, mine["client_id"], lambda _row: metadata.validate(raw | set_by_operator))
        seen = manage(op, mine).json
        assert set_by_operator.items() <= seen.items()
        assert set_by_operator.items() <= manage(op, mine, "PUT", json=replacing(seen)).json.items()
        left_out = replacing(seen, purpose=..., introspects=...)
        assert set_by_operator.items() <= manage(op, mine, "PUT", json=left_out).json.items()

    def test_scopes_only_become_fewer(self, op, mine):
        fewer = manage(op, mine, "PUT", json=replacing(mine, scope="openid")).json
        assert fewer["scope"] == "openid"
        refused(manage(op, mine, "PUT", json=replacing(mine)), "invalid_client_metadata", "scope")

    def test_fapi2_once_on_stays_on(self, op):
        keyed = {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS, "security_profile": "fapi2"}
        mine = register(op, invite(), **keyed).json
        assert manage(op, mine, "PUT", json=replacing(mine, security_profile=...)).json["security_profile"] == "fapi2"
        raw = replacing(mine, token_endpoint_auth_method="none", jwks=...)
        refused(manage(op, mine, "PUT", json=raw), "invalid_client_metadata", "token_endpoint_auth_method")

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"redirect_uris": ["https://gz.example.gov.cn/cb"]}, "redirect_uris"),
            ({"subject_type": "public"}, "subject_type"),
        ],
    )
    def test_people_keep_their_names(self, op, mine, changes, named):
        # Another host would be another sector: everybody would come back as a stranger, or as somebody else's sub.
        refused(manage(op, mine, "PUT", json=replacing(mine, **changes)), "invalid_client_metadata", named)


class TestRemove:
    def test_its_tokens_end_and_it_is_nobody(self, op, mine):
        portal, person = portal_of(mine), op.person().sign_in()
        tokens = op.tokens(portal, person)
        assert op.userinfo(tokens["access_token"]).status_code == 200
        response = manage(op, mine, "DELETE")
        assert (response.status_code, response.data) == (204, b"")
        assert op.userinfo(tokens["access_token"]).status_code == 401
        assert op.refresh(portal, tokens["refresh_token"]).status_code == 401
        assert person.authorize(portal).status_code == 400
        for method in ("GET", "PUT", "DELETE"):
            refused(manage(op, mine, method, json=replacing(mine)), "invalid_token", status=401)
        with reading() as db:
            row = db.get(Client, mine["client_id"])
            assert row.disabled_at is not None
            assert row.registration_digest is None
            assert db.scalars(select(ClientSecret.id)).all() == []
            assert all(db.scalars(select(TokenFamily.revoked_at)))
            assert db.scalars(select(AuditEntry.subject).where(AuditEntry.act == "client.deregistered")).one()

    def test_enabled_again_it_has_neither_its_secret_nor_its_token(self, op, mine):
        assert manage(op, mine, "DELETE").status_code == 204
        with transaction() as db:
            change.enable(db, mine["client_id"])
        assert manage(op, mine).status_code == 401
        assert op.token(portal_of(mine), grant_type="refresh_token", refresh_token="x").status_code == 401


def test_a_change_is_seen_by_this_process_at_once_and_by_others_within_the_caches_time(op, mine, monkeypatch):
    assert registered.find(mine["client_id"]).name == mine["client_name"]
    with transaction() as db:  # as another node would
        db.execute(update(Client).values(name="改名"))
    assert registered.find(mine["client_id"]).name == mine["client_name"]
    import time

    later = time.monotonic() + registered.CACHE_SECONDS
    monkeypatch.setattr("idp.process_cache.time.monotonic", lambda: later)
    assert registered.find(mine["client_id"]).name == "改名"
