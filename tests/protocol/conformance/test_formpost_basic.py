"""The plan oidcc-formpost-basic-certification-test-plan: the modules of Basic OP with response_mode form_post."""

import pytest

from tests.protocol.conformance import basic_requests  # noqa: F401  # its modules belong to the plan
from tests.protocol.conformance.basic_flow import BASIC
from tests.protocol.conformance.run import Run

pytestmark = pytest.mark.xdist_group("conformance")


@pytest.mark.parametrize("module", BASIC, ids=list(BASIC))
def test_formpost_basic(module, suite):
    BASIC[module](Run(suite=suite, response_mode="form_post"))
