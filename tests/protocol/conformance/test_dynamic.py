"""The plan oidcc-dynamic-certification-test-plan: clients register themselves and prove themselves by keys."""

import pytest

from tests.protocol.conformance.dynamic_modules import DYNAMIC
from tests.protocol.conformance.run import Run

pytestmark = pytest.mark.xdist_group("conformance")


@pytest.mark.parametrize("module", DYNAMIC, ids=list(DYNAMIC))
def test_dynamic(module, suite):
    DYNAMIC[module](Run(suite=suite, method="private_key_jwt"))
