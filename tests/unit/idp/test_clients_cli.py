"""``flask clients`` and ``flask keys``: what an operator types, and what is answered."""

import json

import pytest
from sqlalchemy import select

from idp.models.client import Client, ClientSecret
from idp.models.key import SigningKey
from idp.models.registration import InitialAccessToken
from kernel import clock, crypto
from kernel.audit import AuditEntry
from kernel.db import reading
from wiring.app import create_app

PORTAL = {
    "client_name": "深圳政务服务网",
    "redirect_uris": ["https://sz.example.gov.cn/cb"],
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid profile",
    "contacts": ["ops@example.gov.cn"],
    "not_a_member": 1,
}


@pytest.fixture
def run(database):
    runner = create_app().test_cli_runner()
    return lambda *words, **more: runner.invoke(args=list(words), **more)


def test_add_answers_id_and_secret_as_json(run, tmp_path):
    file = tmp_path / "portal.json"
    file.write_text(json.dumps(PORTAL, ensure_ascii=False), encoding="utf-8")
    result = run("clients", "add", str(file))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["client_name"] == "深圳政务服务网"
    assert answer["client_secret_expires_at"] == 0
    assert answer["contacts"] == ["ops@example.gov.cn"]
    assert "not_a_member" not in answer
    assert "not_a_member" in result.stderr
    with reading() as db:
        assert db.get(Client, answer["client_id"]).sector == "sz.example.gov.cn"
        digest = db.scalars(select(ClientSecret.digest)).one()
        assert db.scalars(select(AuditEntry.subject).where(AuditEntry.act == "client.added")).one()
    assert answer["client_secret"] not in digest
    assert len(answer["client_secret"]) >= 43


def test_add_reads_standard_input(run):
    result = run("clients", "add", "-", input=json.dumps(PORTAL | {"token_endpoint_auth_method": "none"}))
    assert result.exit_code == 0, result.output
    assert "client_secret" not in json.loads(result.stdout)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"redirect_uris": ["http://x.example/cb"], "scope": "nonsense"}', "redirect_uris"),
    ],
)
def test_add_tells_what_is_wrong_and_adds_nothing(run, text, told):
    result = run("clients", "add", "-", input=text)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output
    with reading() as db:
        assert db.scalars(select(Client.id)).all() == []


def test_a_sector_that_cannot_be_fetched_is_told(run):
    metadata = PORTAL | {"sector_identifier_uri": "https://127.0.0.1:1/sector.json"}
    result = run("clients", "add", "-", input=json.dumps(metadata))
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_secret_and_disable(run):
    client_id = json.loads(run("clients", "add", "-", input=json.dumps(PORTAL)).stdout)["client_id"]
    second = json.loads(run("clients", "secret", client_id).stdout)
    assert second["client_id"] == client_id
    assert run("clients", "disable", client_id).exit_code == 0
    with reading() as db:
        assert db.get(Client, client_id).disabled_at is not None
    for words in (("secret", "nobody"), ("disable", "nobody")):
        result = run("clients", *words)
        assert result.exit_code == 1
        assert "not_found" in result.stderr


def test_enable_lets_it_in_again(run):
    client_id = json.loads(run("clients", "add", "-", input=json.dumps(PORTAL)).stdout)["client_id"]
    run("clients", "disable", client_id)
    assert "\toff\t" in run("clients", "list").stdout
    assert run("clients", "enable", client_id).exit_code == 0
    listed = run("clients", "list").stdout.splitlines()
    assert listed == [f"{client_id}\ton\tportal\tclient_secret_basic\t深圳政务服务网"]
    assert run("clients", "enable", "nobody").exit_code == 1


def test_show_tells_all_but_secrets_and_change_takes_what_show_told(run):
    added = json.loads(run("clients", "add", "-", input=json.dumps(PORTAL)).stdout)
    shown = run("clients", "show", added["client_id"]).stdout
    assert added["client_secret"] not in shown
    told = json.loads(shown)
    assert told["client_name"] == "深圳政务服务网"
    assert len(told["secrets"]) == 1
    changed = run(
        "clients",
        "change",
        added["client_id"],
        "-",
        input=json.dumps(told | {"purpose": "办事", "require_pkce": False}),
    )
    assert changed.exit_code == 0, changed.output
    assert changed.stderr == ""
    answer = json.loads(changed.stdout)
    assert (answer["purpose"], answer["require_pkce"]) == ("办事", False)
    assert "client_secret" not in answer
    assert run("clients", "show", "nobody").exit_code == 1
    assert run("clients", "change", "nobody", "-", input=json.dumps(PORTAL)).exit_code == 1


def test_change_renames_people_only_where_the_operator_says_so(run):
    client_id = json.loads(run("clients", "add", "-", input=json.dumps(PORTAL)).stdout)["client_id"]
    moved = json.dumps(PORTAL | {"redirect_uris": ["https://gz.example.gov.cn/cb"]})
    refused = run("clients", "change", client_id, "-", input=moved)
    assert refused.exit_code == 1
    assert "redirect_uris" in refused.stderr
    assert run("clients", "change", client_id, "-", "--new-subs", input=moved).exit_code == 0
    with reading() as db:
        assert db.get(Client, client_id).sector == "gz.example.gov.cn"


def test_an_interface_is_one_clients_alone_and_audiences_are_clients(run):
    mine = PORTAL | {"resource_uris": ["https://api.sz.gov.cn/"]}
    first = json.loads(run("clients", "add", "-", input=json.dumps(mine)).stdout)["client_id"]
    for raw, named in (
        (mine, "resource_uris"),
        (PORTAL | {"token_exchange_audiences": [first, "nobody"]}, "token_exchange_audiences"),
    ):
        result = run("clients", "add", "-", input=json.dumps(raw))
        assert result.exit_code == 1
        assert named in result.stderr
    assert run("clients", "change", first, "-", input=json.dumps(mine)).exit_code == 0
    good = PORTAL | {"token_exchange_audiences": [first]}
    assert run("clients", "add", "-", input=json.dumps(good)).exit_code == 0


def test_invitations_are_made_listed_and_taken_back(run):
    made = run("clients", "invite", "深圳局", "--uses", "3", "--scope", "openid profile email", "--without-pkce")
    assert made.exit_code == 0, made.output
    answer = json.loads(made.stdout)
    with reading() as db:
        row = db.scalars(select(InitialAccessToken)).one()
    assert answer["invitation"] == row.id
    assert answer["initial_access_token"] not in row.digest
    assert row.policy["without_pkce"] is True
    listed = run("clients", "invitations").stdout
    assert answer["initial_access_token"] not in listed
    day = f"{clock.local(row.expires_at):%Y-%m-%d}"
    assert listed.rstrip() == f"good\t{row.id}\t3\t{day}\t深圳局\topenid profile email\twithout PKCE"
    assert run("clients", "uninvite", row.id).exit_code == 0
    assert run("clients", "invitations").stdout.startswith("over\t")
    assert run("clients", "uninvite", "nobody").exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--scope", "openid everything"),
        ("--grant", "password"),
        ("--uses", "-1"),
        ("--days", "0"),
        ("--fapi2", "--without-pkce"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(run, words):
    result = run("clients", "invite", "x", *words)
    assert result.exit_code == 2
    with reading() as db:
        assert db.scalars(select(InitialAccessToken.id)).all() == []


def test_a_client_from_a_file_can_be_given_its_own_management(run):
    client_id = json.loads(run("clients", "add", "-", input=json.dumps(PORTAL)).stdout)["client_id"]
    answer = json.loads(run("clients", "token", client_id).stdout)
    assert answer["registration_client_uri"].endswith(f"/register/{client_id}")
    with reading() as db:
        assert db.get(Client, client_id).registration_digest == crypto.digest(answer["registration_access_token"])
    assert run("clients", "token", "nobody").exit_code == 1


def test_rotate_publishes_a_key_of_each_algorithm(run):
    first = run("keys", "rotate")
    assert first.exit_code == 0, first.output
    assert [line.split()[0] for line in first.stdout.splitlines()] == ["ES256", "RS256", "PS256", "EdDSA"]
    run("keys", "rotate", "--alg", "ES256")
    with reading() as db:
        assert sorted(db.execute(select(SigningKey.alg, SigningKey.generation)).all()) == [
            ("ES256", 1),
            ("ES256", 2),
            ("EdDSA", 1),
            ("PS256", 1),
            ("RS256", 1),
        ]
