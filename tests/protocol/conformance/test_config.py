"""The plan oidcc-config-certification-test-plan."""

import pytest

from tests.protocol.conformance import discovery

pytestmark = pytest.mark.xdist_group("conformance")


@pytest.mark.parametrize("module", ["oidcc-discovery-endpoint-verification"])
def test_config(module, suite):
    discovery.verify(suite)
