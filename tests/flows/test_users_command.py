"""``flask users add``."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from idp.models.account import Account
from kernel.db import reading
from tests.conftest import LoadSettings
from tests.flows.people import PASSWORD, Browser, account, number


def run(app: Flask, *options: str, stdin: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=["users", "add", *options], input=stdin)


def count() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(Account)) or 0


def test_options_describe_one_account(app: Flask, browser: Browser) -> None:
    options = ["--login", "chenxl", "--name", "陈晓岚", "--id-number", number(2).lower(), "--level", "4", "--admin"]
    result = run(app, *options, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert "password" not in answer
    made = account(answer["id"])
    assert (made.name, made.id_number, made.level, made.admin) == ("陈晓岚", number(2), 4, True)
    assert browser.sign_in("chenxl").status_code == 303


def test_a_password_is_made_where_none_is_given(app: Flask, browser: Browser) -> None:
    answer = json.loads(run(app, "--login", "chenxl", "--name", "陈晓岚").stdout)
    assert len(answer["password"]) >= 16
    assert browser.sign_in("chenxl", answer["password"]).status_code == 303
    assert account(answer["id"]).level == 2


def test_a_file_holds_many_and_all_or_none_are_added(app: Flask, tmp_path: Path) -> None:
    users: list[dict[str, Any]] = [
        {"login": "chenxl", "name": "陈晓岚", "id_number": number(2), "phone": "13800006620", "password": PASSWORD},
        {"login": "firm", "name": "某某有限公司", "id_type": "001", "id_number": "91440300MA5K000003", "level": 3},
        {"login": "1abc", "name": "", "level": 9, "shoe_size": 44},
    ]
    file = tmp_path / "users.json"
    file.write_text(json.dumps(users), encoding="utf-8")
    result = run(app, str(file))
    assert result.exit_code == 1
    for told in ("2: name", "2: level", "2: shoe_size", "1: id_number: uscc"):
        assert told in result.output, result.output
    assert PASSWORD not in result.output
    assert count() == 0
    file.write_text(json.dumps(users[:1]), encoding="utf-8")
    answer = json.loads(run(app, str(file)).stdout)
    assert [one["login"] for one in answer] == ["chenxl"]


def test_a_taken_name_adds_nothing(app: Flask, tmp_path: Path) -> None:
    run(app, "--login", "chenxl", "--name", "陈晓岚")
    file = tmp_path / "users.json"
    file.write_text(json.dumps([{"login": "new", "name": "新"}, {"login": "CHENXL", "name": "别人"}]), encoding="utf-8")
    result = run(app, str(file))
    assert (result.exit_code, "login_name_taken" in result.output) == (1, True)
    assert count() == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--login", "x y", "--name", "甲"], "login"),
        (["--login", "13800006620", "--name", "甲"], "login"),
        (["--login", "chenxl", "--name", "甲", "--level", "3"], "level"),
        (["--login", "chenxl", "--name", "甲", "--id-number", "440199198806120000"], "id_number"),
        (["--login", "chenxl", "--name", "甲", "--id-type", "999", "--id-number", "1"], "id_type"),
        (["--login", "chenxl", "--name", "甲", "--phone", "12"], "phone"),
        (["--login", "chenxl", "--name", "甲", "--email", "nowhere"], "email"),
        (["--login", "chenxl"], "name"),
    ],
)
def test_faults_name_the_field(app: Flask, options: list[str], told: str) -> None:
    result = run(app, *options)
    assert (result.exit_code, f"{told}:" in result.output) == (1, True), result.output
    assert count() == 0


def test_short_and_published_passwords_are_refused(app: Flask, load_settings: LoadSettings, database: str) -> None:
    options = ["--login", "chenxl", "--name", "陈晓岚", "--password-stdin"]
    assert "password" in run(app, *options, stdin="short\n").output
    load_settings(
        DATABASE_URL=database, KAPOK_DEMO=None, PUBLIC_URL="https://id.example.gov.cn", REDIS_URL="redis://x/0"
    )
    assert "known one" in run(app, *options, stdin="Kapok-demo-2026\n").output
    assert count() == 0
    load_settings(DATABASE_URL=database)
    assert run(app, *options, stdin="Kapok-demo-2026\n").exit_code == 0
