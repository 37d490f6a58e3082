"""What a portal gets of a person, where it comes from, and that it is written down."""

from datetime import timedelta

import pytest

from idp.claims import Only, claims
from kernel import clock
from kernel.db import reading, transaction
from profiles.access import Result
from profiles.access_log import access_of
from tests.factories.reported import certificate, key, person
from tests.flows.profiles.conftest import ME

ALL = frozenset({"profile", "identity", "email", "phone", "certificates"})
SCOPES = "openid profile identity email phone certificates"


@pytest.fixture
def reported(police, health):
    police.report("profile", [person(ME, name="陈晓岚", phone="13800006620", email="lan@example.org")])
    today = clock.today()
    health.report("certificate", [
        certificate(ME, serial=1, ends=today + timedelta(days=30)),
        certificate(ME, serial=2, name="旧证", ends=today - timedelta(days=1)),
    ])  # fmt: skip


def given(op, me, *, scopes=ALL, **client):
    portal = op.portal(client_name="佛山市住房公积金管理中心", scope=SCOPES, purpose="租房提取核验", **client)
    with transaction() as db:
        return claims().values(
            db,
            account_id=me.account_id,
            party_key=key(ME),
            scopes=frozenset(scopes),
            client_id=portal.client_id,
            purpose="x",
        )


def lines(me, *scopes, party=True):
    with reading() as db:
        return claims().lines(
            db, account_id=me.account_id, party_key=key(ME) if party else None, scopes=frozenset(scopes)
        )


def test_values_come_from_the_departments(op, me, reported):
    told = given(op, me)
    assert told["name"] == "陈晓岚"
    assert told["id_number"] == ME
    assert told["level"] == 3
    assert (told["phone_number"], told["phone_number_verified"]) == ("13800006620", False)
    assert told["email"] == "lan@example.org"
    (paper,) = told["certificates"]
    assert paper["certificate_number"] == "粤健4406000001"
    assert paper["status"] == "valid"
    assert paper["source"] == "顺德区卫生健康局"


def test_the_look_is_in_the_persons_log_by_names(op, me, reported):
    given(op, me)
    with reading() as db:
        (look,) = access_of(db, key(ME)).items
    assert look.who == "佛山市住房公积金管理中心"
    assert look.purpose == "租房提取核验"
    assert look.result == Result.AGREED
    assert set(look.fields) == {"name", "id_number", "level", "phone", "email", "certificate:健康合格证明"}


def test_a_statutory_basis_is_told_as_such(op, me, reported):
    given(op, me, legal_basis="《住房公积金管理条例》第二十四条")
    with reading() as db:
        (look,) = access_of(db, key(ME)).items
    assert (look.result, look.legal_basis) == (Result.LAW, "《住房公积金管理条例》第二十四条")


def test_only_what_was_agreed_to(op, me, reported):
    told = given(op, me, scopes={"profile"})
    assert set(told) == {"name", "locale"}
    with reading() as db:
        (look,) = access_of(db, key(ME)).items
    assert look.fields == ("name",)


def test_a_release_that_is_rolled_back_is_not_in_the_log(op, me, reported):
    portal = op.portal(scope=SCOPES)
    with pytest.raises(RuntimeError), transaction() as db:
        claims().values(
            db, account_id=me.account_id, party_key=key(ME), scopes=ALL, client_id=portal.client_id, purpose=None
        )
        raise RuntimeError
    with reading() as db:
        assert not access_of(db, key(ME)).items


def test_nothing_reported_leaves_what_the_account_says(op, me):
    told = given(op, me)
    assert told["id_number"] == ME
    assert told["certificates"] == []
    assert "phone_number" not in told


def test_lines_show_what_will_be_sent_and_write_nothing(me, reported):
    shown = {line.claim: line for line in lines(me, *ALL)}
    assert (shown["id_number"].value, shown["id_number"].source) == (ME, "广东省公安厅")
    assert shown["id_number"].masked == "440190********0263"
    assert shown["id_number"].as_of is not None
    assert (shown["phone_number"].value, shown["phone_number"].masked) == ("13800006620", "138****6620")
    assert "粤健4406000001" in shown["certificates"].value
    assert "粤健4406000001" not in shown["certificates"].masked
    with reading() as db:
        assert not access_of(db, key(ME), tuple(Result)).items


def test_an_account_without_a_party_has_only_its_own(me, reported):
    assert {line.source for line in lines(me, *ALL, party=False)} == {"统一身份认证平台"}


def test_the_whole_way_to_userinfo(op, me, reported):
    portal = op.portal(client_name="门户", scope=SCOPES)
    op.consent(me, portal, "profile", "identity", "certificates")
    tokens = op.tokens(portal, me, scope="openid profile identity certificates")
    told = op.userinfo(tokens["access_token"]).json
    assert told["name"] == "陈晓岚"
    assert told["certificates"][0]["certificate_name"] == "健康合格证明"
    assert "门户" in me.get("/me/access").text


def log_of(me):
    with reading() as db:
        return access_of(db, key(ME)).items


def single(op, me, *names, **values):
    portal = op.portal(scope=SCOPES, purpose="租房提取核验")
    with transaction() as db:
        return claims().values(
            db,
            account_id=me.account_id,
            party_key=key(ME),
            scopes=ALL,
            client_id=portal.client_id,
            purpose=None,
            only=Only(names=frozenset(names), values=values),
        )


def test_single_claims_are_handed_over_and_logged_alone(op, me, reported):
    assert single(op, me, "phone_number", "name") == {"phone_number": "13800006620", "name": "陈晓岚"}
    (look,) = log_of(me)
    assert set(look.fields) == {"phone", "name"}


def test_a_claim_with_another_value_is_neither_handed_over_nor_logged(op, me, reported):
    assert single(op, me, "name", "certificates", name=["别人"], certificates=["x"]) == {}
    assert not log_of(me)


def test_lines_of_single_claims(me, reported):
    with reading() as db:
        shown = claims().lines(
            db, account_id=me.account_id, party_key=key(ME), scopes=ALL, names=frozenset({"id_number", "locale"})
        )
    assert [(line.claim, line.value) for line in shown] == [("id_number", ME), ("locale", "zh-CN")]


def test_what_was_declined_is_in_the_persons_log_without_a_value(op, me, reported):
    portal = op.portal(client_name="某某门户", scope=SCOPES, purpose="租房提取核验")
    with transaction() as db:
        for names in ({"phone_number", "phone_number_verified", "certificates"}, {"locale"}):
            claims().declined(
                db, party_key=key(ME), names=frozenset(names), client_id=portal.client_id, purpose="租房提取核验"
            )
    (look,) = log_of(me)
    assert (look.result, look.who, look.purpose) == (Result.REFUSED, "某某门户", "租房提取核验")
    assert set(look.fields) == {"phone", "certificates"}
