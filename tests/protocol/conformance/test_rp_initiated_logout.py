"""The plan oidcc-rp-initiated-logout-certification-test-plan."""

import pytest

from tests.protocol.conformance.logout_modules import LOGOUT
from tests.protocol.conformance.run import Run

pytestmark = pytest.mark.xdist_group("conformance")


@pytest.mark.parametrize("module", LOGOUT, ids=list(LOGOUT))
def test_rp_initiated_logout(module, suite):
    LOGOUT[module](Run(suite=suite))
