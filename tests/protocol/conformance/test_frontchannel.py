"""The plan oidcc-frontchannel-rp-initiated-logout-certification-test-plan."""

import pytest

from tests.protocol.conformance import discovery
from tests.protocol.conformance.logout_modules import Leaving
from tests.protocol.conformance.run import Plan, Run

pytestmark = pytest.mark.xdist_group("conformance")
FRONTCHANNEL = Plan()


@FRONTCHANNEL.module("oidcc-frontchannel-logout-discovery-endpoint-verification")
def discovery_verified(run: Run) -> None:
    found = discovery.document(run.suite)
    assert found["frontchannel_logout_supported"] is True
    assert found["frontchannel_logout_session_supported"] is True
    assert found["end_session_endpoint"].startswith(f"{run.suite.issuer}/")


@FRONTCHANNEL.module("oidcc-frontchannel-rp-initiated-logout")
def frontchannel_logout(run: Run) -> None:
    """The browser loads the portal's page with who we are and which session ends, then goes back to the portal."""
    address = run.suite.site.url("front", "/front")
    run.suite.site.publish("/front", "<!doctype html><title>out</title>", "text/html")
    leaving = Leaving(
        run,
        redirect_uris=[run.suite.site.url("front", "/callback")],
        frontchannel_logout_uri=address,
        frontchannel_logout_session_required=True,
    )
    leaving.is_back(leaving.leave(), state=leaving.state)
    asked = run.suite.site.wait_for("/front")
    assert asked.method == "GET"
    assert asked.query == {"iss": run.suite.issuer, "sid": leaving.tokens.claims["sid"]}
    leaving.is_signed_out()


@pytest.mark.parametrize("module", FRONTCHANNEL, ids=list(FRONTCHANNEL))
def test_frontchannel(module, suite):
    FRONTCHANNEL[module](Run(suite=suite))
