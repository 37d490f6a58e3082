"""``flask clients`` and ``flask keys``: what an operator types, and what is answered."""

import json

import pytest
from sqlalchemy import select

from idp.models.client import Client, ClientSecret
from idp.models.key import SigningKey
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
