"""What holds for every address of the application, whoever adds one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from kernel import web
from tests.conftest import SECRETS
from wiring import layout, parts
from wiring.app import create_app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(load_settings) -> Flask:
    load_settings()
    return create_app()


def test_every_route_stands_behind_a_guard(app):
    assert list(web.unguarded(app)) == []


def test_every_guard_that_a_blueprint_names_is_installed(app):
    named = {b.access for b in app.blueprints.values() if isinstance(b, web.GuardedBlueprint)}
    assert named <= web._guards.keys()


def test_no_address_is_at_both_doors(app):
    pages = {rule.rule for rule in app.url_map.iter_rules()}
    assert not pages & {endpoint.path for endpoint in parts.ENDPOINTS}


def test_nothing_that_changes_something_answers_to_get_alone(app):
    # A link in a mail, an image, a prefetch: GET must be safe (RFC 9110 §9.2.1).
    suspicious = {"delete", "remove", "revoke", "logout", "enable", "disable", "save"}
    methods: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        methods.setdefault(rule.rule, set()).update(rule.methods or ())
    named = {path for path in methods if suspicious & set(path.strip("/").split("/"))}
    assert {path for path in named if "POST" not in methods[path]} == set()


def test_every_entry_of_a_menu_leads_to_a_page(app):
    addresses = {entry[3] for entry in (*layout.PERSON, *layout.PERSON_TABS, *layout.ACCOUNT, *layout.ADMIN)}
    pages = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert {address for address in addresses if not address.startswith("#")} - pages == set()


def test_every_icon_of_a_menu_is_drawn(app):
    drawn = (ROOT / "static" / "icons.svg").read_text()
    icons = {entry[1] for entry in (*layout.PERSON, *layout.PERSON_TABS, *layout.ACCOUNT, *layout.ADMIN)}
    assert {icon for icon in icons if f'"i-{icon}"' not in drawn} == set()


def test_every_name_of_a_command_is_its_own():
    names = [command.name for command in parts.COMMANDS]
    assert len(names) == len(set(names))


def imported(script: str, folder: Path) -> set[str]:
    """The modules that a fresh process has after ``script``."""
    environment = {"KAPOK_DEMO": "1", "INSTANCE_DIR": str(folder), "PATH": "/usr/bin:/bin", **SECRETS}
    told = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(json.loads(told.stdout.splitlines()[-1]))


def test_the_web_process_loads_nothing_it_does_not_use(tmp_path):
    # PERFORMANCE §9 goal 10: each of these costs 50 to 240 ms and megabytes in every web process.
    loaded = imported(
        "from wiring.start import start; from wiring.app import create_app; start(); create_app()", tmp_path
    )
    heavy = {"celery", "kombu", "requests", "urllib3", "ldap3", "alembic"}
    heavy |= {"python_calamine", "xlsxwriter", "holidays", "smtplib"}
    assert heavy & loaded == set()
    assert "wiring.app" in loaded


def test_the_answer_to_a_command_loads_no_broker(tmp_path):
    assert "celery" not in imported("import wiring.cli", tmp_path)
