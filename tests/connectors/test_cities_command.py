"""``flask cities``: from a file to a row, every fault told at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from connectors import contract, sources
from connectors.admin import cities
from connectors.models import CitySource
from kernel import i18n
from kernel.audit import AuditEntry
from kernel.db import reading
from kernel.errors import NotFound

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("province")

SHENZHEN: dict[str, Any] = {
    "code": "shenzhen",
    "name": "深圳市",
    "group": "珠三角",
    "kind": "oidc",
    "settings": {"issuer": "https://login.sz.example", "client_id": "kapok", "client_secret": "the city's secret"},
    "division_codes": ["440300"],
    "authoritative_for": ["111"],
    "level_cap": 4,
    "level_map": {"high": 4, "*": 3},
}
FOSHAN: dict[str, Any] = {
    **SHENZHEN,
    "code": "foshan",
    "name": "佛山市",
    "display_order": 1,
    "kind": "ldap",
    "settings": {
        "url": "ldaps://ldap.fs.example",
        "base_dn": "ou=people,dc=fs",
        "bind_dn": "cn=kapok,dc=fs",
        "bind_password": "the directory's secret",
    },
}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    app = Flask("test")
    i18n.install(app, folder=ROOT / "locale", timezone="Asia/Shanghai")
    app.cli.add_command(cities)
    path = tmp_path / "city.json"

    def invoke(*args: str, file: object = None) -> Result:
        if file is not None:
            path.write_text(file if isinstance(file, str) else json.dumps(file), encoding="utf-8")
            args = (*args, str(path))
        return app.test_cli_runner().invoke(args=["cities", *args])

    return invoke


def test_a_city_is_added_and_told_what_to_register(run: Callable[..., Result]) -> None:
    result = run("add", file=SHENZHEN)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["style"] == "redirect"
    assert answer["callback_url"].endswith("/login/city/shenzhen/callback")
    with reading() as db:
        city = contract.city(db, "shenzhen")
        assert city.source_id == answer["source_id"]
        assert (city.name, city.group, city.state, city.reason) == ("深圳市", "珠三角", "ok", None)
        assert city.authoritative_for == {"111"}
        source = sources.load(db, "shenzhen")
        assert source.settings.client_secret.get_secret_value() == "the city's secret"
        assert source.fields.level == "acr"  # the kind's usual name
        assert [entry.act for entry in db.scalars(select(AuditEntry))] == ["city.set"]


def test_no_answer_shows_a_secret(run: Callable[..., Result]) -> None:
    added = run("add", file=[SHENZHEN, FOSHAN])
    listed = run("list")
    assert added.exit_code == listed.exit_code == 0
    assert "secret" not in (added.output + listed.output).replace("client_secret_basic", "")


def test_several_cities_come_in_display_order(run: Callable[..., Result]) -> None:
    assert run("add", file=[SHENZHEN, FOSHAN]).exit_code == 0
    with reading() as db:
        assert [city.code for city in contract.cities(db)] == ["foshan", "shenzhen"]
    assert [city["code"] for city in json.loads(run("list").stdout)] == ["foshan", "shenzhen"]


def test_every_fault_is_told_at_once_with_its_field_and_remedy(run: Callable[..., Result]) -> None:
    wrong = {
        **SHENZHEN,
        "code": "Shen Zhen",
        "level_cap": 9,
        "division_codes": ["4403"],
        "level_map": {"high": "four"},
        "colour": "red",
        "settings": {"issuer": "ftp://x", "client_id": "", "algorithms": ["none"], "more": 1},
        "fields": {"nmae": "cn"},
    }
    del wrong["name"]
    result = run("add", file=wrong)
    assert result.exit_code == 1
    faults = json.loads(result.stdout)["faults"]
    assert {fault["field"] for fault in faults} == {
        "name",
        "code",
        "level_cap",
        "division_codes.0",
        "level_map.high",
        "colour",
        "settings.issuer",
        "settings.client_id",
        "settings.client_secret",
        "settings.algorithms.0",
        "settings.more",
        "fields.nmae",
    }
    assert all(fault["problem"] and fault["remedy"] for fault in faults)
    assert "none" not in json.dumps([fault["problem"] for fault in faults if "issuer" in fault["field"]])


def test_one_faulty_city_keeps_all_of_its_file_out(run: Callable[..., Result]) -> None:
    result = run("add", file=[SHENZHEN, {**FOSHAN, "kind": "smoke-signals"}])
    assert result.exit_code == 1
    [fault] = json.loads(result.stdout)["faults"]
    assert fault["field"] == "1.kind"
    assert "ldap、oidc" in fault["remedy"]
    with reading() as db:
        assert contract.cities(db) == []


@pytest.mark.parametrize("file", ["{", "7", "null", '"text"', "[7]", "{}", '{"kind": "ldap", "settings": 7}'])
def test_what_is_no_city_is_refused_in_words(run: Callable[..., Result], file: str) -> None:
    result = run("add", file=file)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["faults"]


def test_an_existing_city_is_only_replaced_when_asked(run: Callable[..., Result]) -> None:
    first = json.loads(run("add", file=SHENZHEN).stdout)
    renamed = {**SHENZHEN, "name": "深圳"}
    refused = run("add", file=renamed)
    assert refused.exit_code == 1
    assert "--replace" in json.loads(refused.stdout)["faults"][0]["remedy"]
    replaced = json.loads(run("add", "--replace", file=renamed).stdout)
    assert replaced["source_id"] == first["source_id"]
    with reading() as db:
        assert [city.name for city in contract.cities(db)] == ["深圳"]


def test_two_cities_of_one_code_in_a_file_are_refused(run: Callable[..., Result]) -> None:
    result = run("add", file=[SHENZHEN, {**FOSHAN, "code": "shenzhen"}])
    assert result.exit_code == 1
    with reading() as db:
        assert db.scalars(select(CitySource)).all() == []


def test_a_city_is_switched_off_and_on(run: Callable[..., Result]) -> None:
    run("add", file=SHENZHEN)
    assert json.loads(run("disable", "shenzhen").stdout)["enabled"] is False
    with reading() as db:
        assert contract.city(db, "shenzhen").state == "disabled"
    assert json.loads(run("enable", "shenzhen").stdout)["enabled"] is True
    with reading() as db:
        assert contract.city(db, "shenzhen").state == "ok"
        acts = [entry.act for entry in db.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert acts == ["city.set", "city.disable", "city.enable"]


def test_an_unknown_city_is_not_found(run: Callable[..., Result]) -> None:
    assert run("disable", "atlantis").exit_code == 1
    with pytest.raises(NotFound), reading() as db:
        contract.city(db, "atlantis")
    with pytest.raises(NotFound):
        contract.begin("atlantis", "https://id.example/callback")
