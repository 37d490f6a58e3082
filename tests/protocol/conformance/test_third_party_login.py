"""The plan oidcc-3rdparty-init-login-certification-test-plan: where a sign-in can be started from elsewhere."""

import pytest

from tests.protocol.conformance.relying_party import refused
from tests.protocol.conformance.run import Plan, Run

pytestmark = pytest.mark.xdist_group("conformance")
THIRD_PARTY = Plan()


@THIRD_PARTY.module("oidcc-3rd_party-init-login")
def init_login(run: Run) -> None:
    """``initiate_login_uri`` is in the answer of the registration, and at the client's own address (RFC 7592 §2.1)."""
    address = run.suite.site.url("start", "/login")
    registered = run.register(initiate_login_uri=address)
    assert registered["initiate_login_uri"] == address
    own = {"Authorization": f"Bearer {registered['registration_access_token']}"}
    answer = run.suite.http.get(registered["registration_client_uri"], headers=own, timeout=20)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["initiate_login_uri"] == address


@THIRD_PARTY.module("oidcc-3rd_party-init-login-nohttps")
def init_login_without_https(run: Run) -> None:
    """It must be https (OpenID Connect Core §4)."""
    address = run.suite.site.url("start", "/login").replace("https://", "http://")
    refused(run.registration(initiate_login_uri=address), "invalid_client_metadata")


@pytest.mark.parametrize("module", THIRD_PARTY)
def test_third_party_login(module, suite):
    THIRD_PARTY[module](Run(suite=suite))
