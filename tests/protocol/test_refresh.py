"""Refresh tokens: RFC 6749 §6, RFC 9700 §4.14, OpenID Connect Core §12."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from idp.models.account import BLOCKED, Account
from idp.models.client import Client
from idp.models.token import TokenFamily
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.test_code_redemption import refused


@pytest.fixture
def portal(op, frozen_clock):
    return op.portal()


@pytest.fixture
def person(op):
    return op.person(level=4).sign_in(level=4)


@pytest.fixture
def first(op, portal, person):
    return op.tokens(portal, person)


def test_every_refresh_gives_a_new_refresh_token_and_the_sign_in_stays_what_it_was(op, portal, person, frozen_clock):
    first = op.tokens(portal, person)
    frozen_clock.advance(hours=2)
    second = op.refresh(portal, first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    before, after = (op.read(t["id_token"]).claims for t in (first, second))
    assert after["iat"] == before["iat"] + 7200
    for claim in ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid"):
        assert after[claim] == before[claim]
    assert "nonce" not in after
    assert op.userinfo(second["access_token"]).status_code == 200


def test_reuse_of_a_rotated_token_ends_the_family(op, portal, first, frozen_clock):
    second = op.refresh(portal, first["refresh_token"]).json
    frozen_clock.advance(seconds=10)
    refused(op.refresh(portal, first["refresh_token"]))
    refused(op.refresh(portal, second["refresh_token"]))
    assert op.userinfo(second["access_token"]).status_code == 401
    with reading() as db:
        assert db.scalars(select(TokenFamily.revoked_for)).one() == "refresh_reuse"
        assert db.scalars(select(AuditEntry.client_id).where(AuditEntry.act == "token.refresh_reuse")).one()


def test_inside_the_grace_the_same_successor_is_answered(op, portal, first, frozen_clock):
    second = op.refresh(portal, first["refresh_token"]).json
    frozen_clock.advance(seconds=9)
    again = op.refresh(portal, first["refresh_token"]).json
    assert again["refresh_token"] == second["refresh_token"]
    assert op.refresh(portal, second["refresh_token"]).status_code == 200


def test_inside_the_grace_a_token_two_generations_old_ends_the_family(op, portal, first):
    second = op.refresh(portal, first["refresh_token"]).json
    op.refresh(portal, second["refresh_token"])
    refused(op.refresh(portal, first["refresh_token"]))
    refused(op.refresh(portal, second["refresh_token"]))


def test_parallel_refreshes_are_one_family_with_one_successor(op, portal, first):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: op.refresh(portal, first["refresh_token"]), range(20)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.json["refresh_token"] for a in answers}) == 1
    with reading() as db:
        assert db.scalars(select(TokenFamily.generation)).one() == 1


def test_without_a_grace_of_parallel_refreshes_one_wins_and_the_family_dies(op, portal, first, load_settings, database):
    load_settings(DATABASE_URL=database, REFRESH_GRACE_SECONDS="0")
    with ThreadPoolExecutor(8) as pool:
        statuses = [a.status_code for a in pool.map(lambda _: op.refresh(portal, first["refresh_token"]), range(8))]
    assert sorted(statuses) == [200] + [400] * 7
    with reading() as db:
        assert db.scalars(select(TokenFamily.revoked_for)).one() == "refresh_reuse"


def test_a_refresh_token_of_one_client_fails_at_another_and_its_family_lives(op, portal, first):
    refused(op.refresh(op.portal(), first["refresh_token"]))
    assert op.refresh(portal, first["refresh_token"]).status_code == 200


def test_an_old_token_at_another_client_does_not_end_the_family(op, portal, first, frozen_clock):
    second = op.refresh(portal, first["refresh_token"]).json
    frozen_clock.advance(minutes=1)
    refused(op.refresh(op.portal(), first["refresh_token"]))
    assert op.refresh(portal, second["refresh_token"]).status_code == 200


class TestForged:
    def test_a_token_is_good_only_with_its_mac_so_nobody_can_end_a_family_by_guessing(self, op, portal, first):
        family, generation, mac = first["refresh_token"].split(".")
        for forged in (
            f"{family}.{generation}.{'A' * 43}",
            f"{family}.1.{mac}",
            f"{family}.-1.{mac}",
            f"{family}.00.{mac}",
            f"{family}.٠.{mac}",
            f"{family}.{10**30}.{mac}",
            f"{family.upper()}.{generation}.{mac}",
            f"{family}.{generation}.{mac}x",
            f"{family}.{generation}",
            family,
            "",
            "x" * 5000,
            first["access_token"],
            first["id_token"],
        ):
            answer = op.refresh(portal, forged)
            assert answer.status_code == 400, forged
        assert op.refresh(portal, first["refresh_token"]).status_code == 200


class TestScope:
    def test_a_narrower_scope_is_given_and_the_next_refresh_has_the_whole_again(self, op, portal, person):
        op.consent(person, portal, "email")
        first = op.tokens(portal, person, scope="openid email")
        second = op.refresh(portal, first["refresh_token"], scope="openid").json
        assert second["scope"] == "openid"
        assert set(op.refresh(portal, second["refresh_token"]).json["scope"].split()) == {"openid", "email"}

    def test_a_wider_scope_is_refused_and_spends_nothing(self, op, portal, first):
        refused(op.refresh(portal, first["refresh_token"], scope="openid email"), "invalid_scope")
        assert op.refresh(portal, first["refresh_token"]).status_code == 200

    def test_a_scope_the_client_has_lost_is_not_refreshed(self, op, portal, person):
        from idp.clients import registered

        op.consent(person, portal, "email")
        first = op.tokens(portal, person, scope="openid email")
        with transaction() as db:
            db.execute(update(Client).where(Client.id == portal.client_id).values(scopes=["openid"]))
        registered.forget(portal.client_id)
        assert op.refresh(portal, first["refresh_token"]).json["scope"] == "openid"


class TestLife:
    def test_it_ends_after_a_week_without_use(self, op, portal, first, frozen_clock):
        frozen_clock.advance(days=7)
        refused(op.refresh(portal, first["refresh_token"]))

    def test_it_ends_after_thirty_days_however_much_it_is_used(self, op, portal, person, frozen_clock):
        token = op.tokens(portal, person)["refresh_token"]
        for _ in range(5):
            frozen_clock.advance(days=5, hours=23)
            token = op.refresh(portal, token).json["refresh_token"]
        frozen_clock.advance(days=1)
        refused(op.refresh(portal, token))

    def test_a_blocked_account_is_refused(self, op, portal, first, person):
        with transaction() as db:
            db.execute(update(Account).where(Account.id == person.account_id).values(status=BLOCKED))
        refused(op.refresh(portal, first["refresh_token"]))

    def test_withdrawn_consent_ends_it_at_once(self, op, portal, first, person):
        from idp.consent import decide

        with transaction() as db:
            decide.withdraw(db, client_id=portal.client_id, account_id=person.account_id)
        refused(op.refresh(portal, first["refresh_token"]))
        assert op.userinfo(first["access_token"]).status_code == 401

    def test_a_level_that_fell_is_seen_at_the_next_refresh(self, op, portal, first, person):
        with transaction() as db:
            db.execute(update(Account).where(Account.id == person.account_id).values(level=2))
        answer = op.refresh(portal, first["refresh_token"]).json
        assert op.read(answer["id_token"]).claims["acr"] == "2"
        assert op.read(answer["access_token"]).claims["acr"] == "2"

    def test_ending_a_session_can_end_its_families(self, op, portal, first, person):
        from idp.tokens import families

        with transaction() as db:
            assert families.end(db, session_id=person.session_id, reason="logout") == 1
        refused(op.refresh(portal, first["refresh_token"]))
        assert op.userinfo(first["access_token"]).status_code == 401


class TestOffline:
    """OpenID Connect Core §11: with offline_access it outlives the session, without it does not."""

    @pytest.fixture
    def both(self, op, person):
        made = []
        for offline in (False, True):
            portal = op.portal()
            made.append((portal, op.tokens(portal, person)))
            with transaction() as db:
                where = TokenFamily.client_id == portal.client_id
                db.execute(update(TokenFamily).where(where).values(offline=offline))
        return made

    def test_signing_out_ends_the_one_and_spares_the_other(self, op, both, person):
        from idp import login_sessions

        (bound, its), (offline, others) = both
        with transaction() as db:
            login_sessions.end(db, person.account_id, session_id=person.session_id)
        refused(op.refresh(bound, its["refresh_token"]))
        assert op.userinfo(its["access_token"]).status_code == 401
        assert op.refresh(offline, others["refresh_token"]).status_code == 200
        assert op.userinfo(others["access_token"]).status_code == 200

    def test_withdrawn_consent_spares_nobody(self, op, both, person):
        from idp.consent import decide

        for portal, tokens in both:
            with transaction() as db:
                decide.withdraw(db, client_id=portal.client_id, account_id=person.account_id)
            refused(op.refresh(portal, tokens["refresh_token"]))
            assert op.userinfo(tokens["access_token"]).status_code == 401


class TestBoundToAKey:
    """A public client has nothing but its key: its refresh tokens are that key's alone (RFC 9449 §5)."""

    def test_without_the_key_it_is_worth_nothing(self, op, portal, first):
        with transaction() as db:
            db.execute(update(TokenFamily).values(terms={"cnf": {"jkt": "x" * 43}}))
        refused(op.refresh(portal, first["refresh_token"]))
        with transaction() as db:
            db.execute(update(TokenFamily).values(terms=None))
        assert op.refresh(portal, first["refresh_token"]).status_code == 200


class TestOtherKindsOfTokens:
    """IDENTITY §5, JWT confusion: a token of one kind is worth nothing in the place of another."""

    def test_an_id_token_is_no_access_token_and_no_refresh_token(self, op, portal, first):
        assert op.userinfo(first["id_token"]).status_code == 401
        refused(op.refresh(portal, first["id_token"]))

    def test_an_access_token_is_no_id_token(self, portal, first):
        from idp.tokens import check

        with pytest.raises(check.Unusable):
            check.id_token_hint(first["access_token"], client_id=portal.client_id)
        assert check.id_token_hint(first["id_token"], client_id=portal.client_id)

    @pytest.mark.parametrize("typ", ["logout+jwt", "token-introspection+jwt", "oauth-authz-resp+jwt"])
    def test_what_we_sign_for_other_ends_is_neither(self, op, portal, first, typ):
        from idp.tokens import check, mint

        for kind in ("access_token", "id_token"):
            forged = mint.signed(op.read(first[kind]).claims, alg="ES256", typ=typ)
            assert op.userinfo(forged).status_code == 401
            with pytest.raises(check.Unusable):
                check.id_token_hint(forged, client_id=portal.client_id)
