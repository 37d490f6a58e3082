"""Token exchange (RFC 8693): a portal calls another one for the person who uses it."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from idp.clients import change, registered
from idp.consent import decide
from idp.models.account import BLOCKED, Account
from idp.models.subject import Subject
from idp.models.token import TokenFamily
from idp.tokens import families
from kernel import clock
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from tests.protocol.parties import ISSUER
from tests.protocol.test_code_redemption import refused
from tests.protocol.test_introspection import introspect
from tests.protocol.test_revocation import revoke

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
API, MORE = "https://b.example.gov.cn/api", "https://b.example.gov.cn/more"


def exchange(op, client, subject_token, **form):
    form = {"subject_token": subject_token, "subject_token_type": ACCESS_TOKEN} | form
    return op.token(client, grant_type=GRANT, **{n: v for n, v in form.items() if v is not None})


def portal_at(op, host, **more):
    callback = f"https://{host}.example.gov.cn/cb"
    return op.portal(redirect_uris=[callback], scope="openid profile email materials", **more)


@pytest.fixture
def target(op, frozen_clock):
    return portal_at(op, "b", resource_uris=[API, MORE])


@pytest.fixture
def portal(op, target):
    return portal_at(
        op, "a", grant_types=["authorization_code", "refresh_token", GRANT], token_exchange_audiences=[target.client_id]
    )


@pytest.fixture
def person(op):
    return op.person(level=4).sign_in(level=4)


@pytest.fixture
def tokens(op, portal, person):
    op.consent(person, portal, "profile", "email")
    return op.tokens(portal, person, scope="openid profile email materials")


@pytest.fixture
def exchanged(op, portal, target, tokens):
    answer = exchange(op, portal, tokens["access_token"], audience=target.client_id)
    assert answer.status_code == 200, answer.text
    return answer.json


def sub_at(person, portal_host):
    with reading() as db:
        where = Subject.sector == f"{portal_host}.example.gov.cn", Subject.account_id == person.account_id
        return db.scalars(select(Subject.sub).where(*where)).one()


class TestWhatItGives:
    def test_the_answer(self, exchanged):
        assert exchanged["issued_token_type"] == ACCESS_TOKEN
        assert exchanged["token_type"] == "Bearer"
        assert exchanged["expires_in"] == 600
        assert exchanged["scope"] == "email materials openid profile"
        assert not {"refresh_token", "id_token"} & set(exchanged)

    def test_the_token_names_the_person_as_the_other_portal_knows_them_and_who_acts(
        self, op, portal, person, tokens, exchanged
    ):
        claims = op.read(exchanged["access_token"]).claims
        assert claims["aud"] == [API, MORE]
        assert claims["client_id"] == portal.client_id
        assert claims["act"] == {"sub": portal.client_id}
        assert claims["sub"] == sub_at(person, "b") != op.read(tokens["access_token"]).claims["sub"]
        before = op.read(tokens["access_token"]).claims
        for same in ("auth_time", "acr", "amr", "sid", "iss"):
            assert claims[same] == before[same]

    def test_one_interface_of_the_other(self, op, portal, target, tokens):
        for form in ({"resource": API}, {"resource": API, "audience": target.client_id}):
            answer = exchange(op, portal, tokens["access_token"], **form)
            assert op.read(answer.json["access_token"]).claims["aud"] == API

    def test_a_portal_without_named_interfaces_is_called_by_its_client_id(self, op, person):
        plain = portal_at(op, "c")
        caller = portal_at(
            op, "d", grant_types=["authorization_code", GRANT], token_exchange_audiences=[plain.client_id]
        )
        token = op.tokens(caller, person)["access_token"]
        answer = exchange(op, caller, token, audience=plain.client_id)
        assert op.read(answer.json["access_token"]).claims["aud"] == plain.client_id

    def test_a_narrower_scope(self, op, portal, target, tokens):
        answer = exchange(op, portal, tokens["access_token"], audience=target.client_id, scope="materials")
        assert answer.json["scope"] == "materials"

    def test_it_lives_no_longer_than_what_it_came_from(self, op, portal, target, tokens, frozen_clock):
        frozen_clock.advance(seconds=400)
        answer = exchange(op, portal, tokens["access_token"], audience=target.client_id).json
        assert answer["expires_in"] == 200
        ends = op.read(tokens["access_token"]).claims["exp"]
        assert op.read(answer["access_token"]).claims["exp"] == ends
        with reading() as db:
            kept = db.scalars(select(TokenFamily.expires_at).where(TokenFamily.parent_id.is_not(None))).one()
        assert kept.timestamp() == ends

    def test_it_is_told_to_both_and_taken_by_none_of_our_own_interfaces(self, op, portal, target, exchanged):
        for asking in (portal, target):
            told = introspect(op, asking, exchanged["access_token"]).json
            assert (told["active"], told["act"]) == (True, {"sub": portal.client_id})
        assert introspect(op, op.portal(), exchanged["access_token"]).json == {"active": False}
        assert op.userinfo(exchanged["access_token"]).status_code == 401

    def test_it_is_in_the_audit(self, portal, target, exchanged):
        with reading() as db:
            entry = db.scalars(select(AuditEntry).where(AuditEntry.act == "token.exchanged")).one()
        assert entry.client_id == portal.client_id
        assert (entry.details["from"], entry.details["to"]) == (portal.client_id, target.client_id)

    def test_discovery_names_the_grant(self, op):
        told = op.machine.get("/.well-known/openid-configuration", base_url=ISSUER).json
        assert GRANT in told["grant_types_supported"]


class TestChain:
    @pytest.fixture
    def chain(self, op, person):
        """Five portals, each of which may call the next."""
        links = [portal_at(op, "p4")]
        for n in range(3, -1, -1):
            grants = ["authorization_code", GRANT]
            links.insert(0, portal_at(op, f"p{n}", grant_types=grants, token_exchange_audiences=[links[0].client_id]))
        return links, op.tokens(links[0], person, scope="openid materials")["access_token"]

    def test_the_one_called_can_call_the_next_and_act_tells_the_whole_way(self, op, chain, person):
        links, token = chain
        for here, there in pairwise(links[:4]):
            token = exchange(op, here, token, audience=there.client_id).json["access_token"]
        claims = op.read(token).claims
        first, second, third = (link.client_id for link in links[:3])
        assert claims["act"] == {"sub": third, "act": {"sub": second, "act": {"sub": first}}}
        assert claims["sub"] == sub_at(person, "p3")

    def test_three_times_and_no_more(self, op, chain):
        links, token = chain
        for here, there in pairwise(links[:4]):
            token = exchange(op, here, token, audience=there.client_id).json["access_token"]
        refused(exchange(op, links[3], token, audience=links[4].client_id), "invalid_request")

    def test_the_end_of_the_first_ends_all(self, op, chain, person):
        links, token = chain
        made = [token]
        for here, there in pairwise(links[:4]):
            made.append(exchange(op, here, made[-1], audience=there.client_id).json["access_token"])
        holders = [links[0], *links[:3]]
        for holder, each in zip(holders, made, strict=True):
            assert introspect(op, holder, each).json["active"] is True
        with transaction() as db:
            assert families.end(db, client_id=links[0].client_id, account_id=person.account_id, reason="x") >= 1
        for holder, each in zip(holders, made, strict=True):
            assert introspect(op, holder, each).json == {"active": False}
        with reading() as db:
            assert set(db.scalars(select(TokenFamily.revoked_for))) == {"x"}


class TestEnd:
    def test_with_the_refresh_token_of_the_first(self, op, portal, tokens, exchanged):
        revoke(op, portal, tokens["refresh_token"])
        assert introspect(op, portal, exchanged["access_token"]).json == {"active": False}

    def test_with_the_session(self, op, portal, person, exchanged):
        from idp import login_sessions

        with transaction() as db:
            login_sessions.end(db, person.account_id, session_id=person.session_id)
        assert introspect(op, portal, exchanged["access_token"]).json == {"active": False}

    def test_with_the_consent_of_the_first(self, op, portal, person, exchanged):
        with transaction() as db:
            decide.withdraw(db, client_id=portal.client_id, account_id=person.account_id)
        assert introspect(op, portal, exchanged["access_token"]).json == {"active": False}

    def test_alone(self, op, portal, tokens, exchanged):
        assert revoke(op, portal, exchanged["access_token"]).status_code == 200
        assert introspect(op, portal, exchanged["access_token"]).json == {"active": False}
        assert introspect(op, portal, tokens["access_token"]).json["active"] is True

    def test_what_is_over_cannot_be_exchanged(self, op, portal, target, tokens):
        revoke(op, portal, tokens["access_token"])
        refused(exchange(op, portal, tokens["access_token"], audience=target.client_id))

    def test_nor_what_expired(self, op, portal, target, tokens, frozen_clock):
        frozen_clock.advance(seconds=600)
        refused(exchange(op, portal, tokens["access_token"], audience=target.client_id), "invalid_request")

    def test_nor_that_of_a_blocked_account(self, op, portal, target, person, tokens):
        with transaction() as db:
            db.execute(update(Account).where(Account.id == person.account_id).values(status=BLOCKED))
        refused(exchange(op, portal, tokens["access_token"], audience=target.client_id))

    def test_a_level_that_fell_is_said(self, op, portal, target, person, tokens):
        with transaction() as db:
            db.execute(update(Account).where(Account.id == person.account_id).values(level=2))
        answer = exchange(op, portal, tokens["access_token"], audience=target.client_id).json
        assert op.read(answer["access_token"]).claims["acr"] == "2"


class TestWhoMayCallWhom:
    def test_only_allowed_pairs(self, op, portal, tokens):
        stranger = portal_at(op, "s", resource_uris=["https://s.example.gov.cn/api"])
        for form in (
            {"audience": stranger.client_id},
            {"resource": "https://s.example.gov.cn/api"},
            {"audience": "nobody"},
            {"audience": portal.client_id},
            {"resource": f"{ISSUER}/userinfo"},
            {"audience": ISSUER},
        ):
            refused(exchange(op, portal, tokens["access_token"], **form), "invalid_target")

    def test_one_target_at_a_time_and_only_its_interfaces(self, op, portal, target, tokens):
        stranger = portal_at(op, "s", resource_uris=["https://s.example.gov.cn/api"])
        for form in (
            {"audience": f"{target.client_id} {stranger.client_id}"},
            {"audience": target.client_id, "resource": "https://s.example.gov.cn/api"},
            {"audience": target.client_id, "resource": f"{ISSUER}/feeds/v1"},
        ):
            refused(exchange(op, portal, tokens["access_token"], **form), "invalid_target")

    def test_a_target_must_be_named(self, op, portal, tokens):
        refused(exchange(op, portal, tokens["access_token"]), "invalid_request")

    def test_a_disabled_target_is_none(self, op, portal, target, tokens):
        with transaction() as db:
            change.disable(db, target.client_id)
        refused(exchange(op, portal, tokens["access_token"], audience=target.client_id), "invalid_target")

    def test_a_client_without_the_grant_is_refused(self, op, target, tokens):
        refused(exchange(op, op.portal(), tokens["access_token"], audience=target.client_id), "unauthorized_client")

    def test_a_token_of_another_client_that_was_not_made_for_this_one_is_refused(self, op, target, tokens):
        thief = portal_at(
            op, "t", grant_types=["authorization_code", GRANT], token_exchange_audiences=[target.client_id]
        )
        refused(exchange(op, thief, tokens["access_token"], audience=target.client_id), "invalid_request")

    def test_it_needs_the_clients_authentication(self, op, portal, target, tokens):
        form = {"grant_type": GRANT, "subject_token": tokens["access_token"], "subject_token_type": ACCESS_TOKEN}
        answer = op.token(None, audience=target.client_id, client_id=portal.client_id, **form)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


class TestScope:
    def test_not_more_than_the_first_token_has(self, op, portal, target, person):
        token = op.tokens(portal, person, scope="openid materials")["access_token"]
        refused(exchange(op, portal, token, audience=target.client_id, scope="openid email"), "invalid_scope")
        assert exchange(op, portal, token, audience=target.client_id).json["scope"] == "materials openid"

    def test_not_more_than_the_other_portal_may_have(self, op, portal, target, tokens):
        with transaction() as db:
            from idp.models.client import Client

            db.execute(update(Client).where(Client.id == target.client_id).values(scopes=["openid", "email"]))
        registered.forget(target.client_id)
        assert exchange(op, portal, tokens["access_token"], audience=target.client_id).json["scope"] == "email openid"
        refused(
            exchange(op, portal, tokens["access_token"], audience=target.client_id, scope="materials"), "invalid_scope"
        )

    def test_data_only_where_the_person_agreed_to_it_at_the_client_that_calls(self, op, portal, person, target):
        callee = portal_at(
            op, "e", grant_types=["authorization_code", GRANT], token_exchange_audiences=[target.client_id]
        )
        caller = portal_at(
            op, "f", grant_types=["authorization_code", GRANT], token_exchange_audiences=[callee.client_id]
        )
        op.consent(person, caller, "email")
        first = op.tokens(caller, person, scope="openid email")["access_token"]
        second = exchange(op, caller, first, audience=callee.client_id).json
        assert second["scope"] == "email openid"
        third = exchange(op, callee, second["access_token"], audience=target.client_id).json
        assert third["scope"] == "openid"  # the person never agreed that callee may have the address
        op.consent(person, callee, "email")
        again = exchange(op, callee, second["access_token"], audience=target.client_id).json
        assert again["scope"] == "email openid"


class TestTokens:
    @pytest.mark.parametrize(
        "change",
        [
            {"subject_token": None}, {"subject_token_type": None}, {"subject_token": "x"}, {"subject_token": "a.b.c"},
            {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
            {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, {"subject_token_type": "x"},
            {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
            {"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"}, {"requested_token_type": "x"},
            {"actor_token": "x"}, {"actor_token_type": ACCESS_TOKEN},
            {"actor_token": "x", "actor_token_type": ACCESS_TOKEN},
        ],
        ids=["no-token", "no-type", "x", "abc", "id-token", "refresh", "type-x", "want-refresh", "want-id", "want-x",
             "actor-without-type", "actor-type-alone", "actor-x"],
    )  # fmt: skip
    def test_what_is_not_understood_is_an_invalid_request(self, op, portal, target, tokens, change):
        form = {"audience": target.client_id} | change
        subject = form.pop("subject_token", tokens["access_token"])
        refused(exchange(op, portal, subject, **form), "invalid_request")

    def test_an_id_token_and_a_refresh_token_are_no_access_tokens(self, op, portal, target, tokens):
        for token in (tokens["id_token"], tokens["refresh_token"]):
            refused(exchange(op, portal, token, audience=target.client_id), "invalid_request")

    def test_a_machines_token_is_nobodys(self, op, target):
        machine = portal_at(
            op, "m", grant_types=["authorization_code", "client_credentials", GRANT],
            token_exchange_audiences=[target.client_id],
        )  # fmt: skip
        token = op.token(machine, grant_type="client_credentials").json["access_token"]
        refused(exchange(op, machine, token, audience=target.client_id), "invalid_request")

    def test_the_actor_may_be_named_only_as_the_client_itself(self, op, target, person):
        caller = portal_at(
            op, "g", grant_types=["authorization_code", "client_credentials", GRANT],
            token_exchange_audiences=[target.client_id],
        )  # fmt: skip
        token = op.tokens(caller, person)["access_token"]
        own = op.token(caller, grant_type="client_credentials").json["access_token"]
        foreign = op.token(op.machine_client("materials"), grant_type="client_credentials").json["access_token"]
        form = {"audience": target.client_id, "actor_token_type": ACCESS_TOKEN}
        answer = exchange(op, caller, token, actor_token=own, **form)
        assert op.read(answer.json["access_token"]).claims["act"] == {"sub": caller.client_id}
        for wrong in (foreign, token):
            refused(exchange(op, caller, token, actor_token=wrong, **form), "invalid_request")


def test_the_family_of_an_offline_grant_stays_offline_and_ends_with_it(op, portal, target, person):
    tokens = op.tokens(portal, person)
    with transaction() as db:
        db.execute(update(TokenFamily).values(offline=True))
    token = exchange(op, portal, tokens["access_token"], audience=target.client_id).json["access_token"]
    with transaction() as db:
        assert families.end(db, session_id=person.session_id, reason="logout") == 0
    assert introspect(op, portal, token).json["active"] is True
    with transaction() as db:
        assert families.end(db, account_id=person.account_id, reason="account") == 2
    assert introspect(op, portal, token).json == {"active": False}


def test_a_family_that_was_made_by_exchange_is_swept_like_any_other(op, exchanged, frozen_clock):
    from idp.tokens import sweep

    frozen_clock.advance(timedelta(days=2))
    sweep.sweep()
    with reading() as db:
        assert db.scalars(select(TokenFamily.id).where(TokenFamily.parent_id.is_not(None))).all() == []
    assert clock.now() == frozen_clock.now
