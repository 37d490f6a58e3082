"""The plan oidcc-backchannel-rp-initiated-logout-certification-test-plan."""

import pytest
from joserfc import jwt

from tests.protocol.conformance import discovery
from tests.protocol.conformance.logout_modules import Leaving
from tests.protocol.conformance.relying_party import ALGORITHMS
from tests.protocol.conformance.run import Plan, Run

pytestmark = pytest.mark.xdist_group("conformance")
BACKCHANNEL = Plan()
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@BACKCHANNEL.module("oidcc-backchannel-logout-discovery-endpoint-verification")
def discovery_verified(run: Run) -> None:
    found = discovery.document(run.suite)
    assert found["backchannel_logout_supported"] is True
    assert found["backchannel_logout_session_supported"] is True
    assert found["end_session_endpoint"].startswith(f"{run.suite.issuer}/")


@BACKCHANNEL.module("oidcc-backchannel-rp-initiated-logout")
def backchannel_logout(run: Run) -> None:
    """Both happen: the portal is told by a signed token, and the person comes back."""
    address = run.suite.site.url("back", "/back")
    leaving = Leaving(run, backchannel_logout_uri=address, backchannel_logout_session_required=True)
    leaving.is_back(leaving.leave(), state=leaving.state)
    asked = run.suite.site.wait_for("/back")
    assert asked.method == "POST"
    assert asked.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert set(asked.form) == {"logout_token"}

    token = jwt.decode(asked.form["logout_token"], run.suite.keys(), algorithms=list(ALGORITHMS))
    claims, now = token.claims, run.suite.now()
    assert token.header["typ"].lower().removeprefix("application/") == "logout+jwt"
    assert token.header["alg"] == leaving.tokens.header["alg"]
    assert claims["iss"] == run.suite.issuer
    assert claims["aud"] in (leaving.client.client_id, [leaving.client.client_id])
    assert now - 60 <= claims["iat"] <= now + 2
    assert now < claims["exp"] <= now + 180
    assert claims["jti"]
    assert claims["events"] == {EVENT: {}}
    assert claims["sid"] == leaving.tokens.claims["sid"]
    assert claims["sub"] == leaving.tokens.claims["sub"]
    assert "nonce" not in claims
    leaving.is_signed_out()


@pytest.mark.parametrize("module", BACKCHANNEL, ids=list(BACKCHANNEL))
def test_backchannel(module, suite):
    BACKCHANNEL[module](Run(suite=suite))
