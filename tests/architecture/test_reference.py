"""docs/reference says what the code does: whoever changes one runs ``make reference``."""

import re
from pathlib import Path

import pytest

from idp import oauth_errors, page_faults
from wiring import parts
from wiring.reference import codes, endpoints, settings
from wiring.reference.documents import documents

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return documents()


@pytest.mark.parametrize(
    "name",
    [
        "settings.md",
        "endpoints.md",
        "events.md",
        "errors.md",
        "oauth-errors.md",
        "feeds.md",
        "connectors.md",
        "commands.md",
    ],
)
def test_a_document_is_what_the_code_would_write(name, made):
    there = (FOLDER / name).read_text(encoding="utf-8")
    assert there == made[name], f"docs/reference/{name} is not of this version: run make reference"


def test_no_document_is_left_over(made):
    assert {path.name for path in FOLDER.iterdir()} == set(made)


def test_every_setting_is_documented():
    ours = {section for section in settings.section_types() if not section.__module__.startswith("tests.")}
    assert ours == set(parts.SETTINGS)
    for section in parts.SETTINGS:
        assert [name for name, field in section.model_fields.items() if not field.description] == []


def test_every_endpoint_says_who_may_ask():
    assert {endpoint.path for endpoint in parts.ENDPOINTS} == set(endpoints.MACHINES)


def test_codes_are_found_wherever_they_are_written():
    found = {code.code for code in codes.app_codes()}
    of_a_class, of_a_call, of_a_keyword, of_a_writer = "form_expired", "intent_closed", "invalid_json", "unknown_family"
    assert {of_a_class, of_a_call, of_a_keyword, of_a_writer, "token_required", "insufficient_scope"} <= found
    assert {"invalid_grant", "invalid_client", "login_required"} <= {code.code for code in codes.oauth_codes()}


def test_the_table_of_oauth_errors_knows_every_code_and_no_other():
    written = {code.code for code in codes.oauth_codes()}
    assert written - oauth_errors.BY_CODE.keys() == set(), "answered, and nobody says what to do about them"
    assert oauth_errors.BY_CODE.keys() - (written | set(codes.literals())) == set(), "explained, and never answered"


def test_the_table_of_oauth_errors_is_sorted_and_says_what_to_do():
    listed = [error.code for error in oauth_errors.ERRORS]
    assert listed == sorted(set(listed))
    assert [e.code for e in oauth_errors.ERRORS if not (str(e.meaning) and str(e.remedy) and e.source)] == []


def test_the_table_of_page_faults_knows_every_code_and_no_other():
    ours = Path(page_faults.__file__).parent
    source = "".join(path.read_text() for name in ("authorize", "logout") for path in (ours / name).rglob("*.py"))
    written = set(re.findall(r'(?:page_fault|LogoutFault)\(\s*"(\w+)"', source))
    written |= {"invalid_authorization_request", "invalid_logout_request"}  # of the classes themselves
    listed = [fault.code for fault in page_faults.FAULTS]
    assert set(listed) == written
    assert listed == sorted(set(listed))
