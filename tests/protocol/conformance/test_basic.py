"""The plan oidcc-basic-certification-test-plan: response_type code, client_secret_basic, the default response mode."""

import pytest

from tests.protocol.conformance import basic_requests  # noqa: F401  # its modules belong to the plan
from tests.protocol.conformance.basic_flow import BASIC
from tests.protocol.conformance.run import Run

pytestmark = pytest.mark.xdist_group("conformance")


@pytest.mark.parametrize("module", BASIC, ids=list(BASIC))
def test_basic(module, suite):
    BASIC[module](Run(suite=suite))
