"""The plan fapi2-security-profile-final-test-plan: private_key_jwt, DPoP, OpenID Connect, plain FAPI.

Of its 62 modules 57 belong to this variant. The other five are of national profiles, which the plan leaves out for
plain FAPI; what remains of their rule without the nation's own messages is asked here under their names.
"""

import pytest

from tests.protocol.conformance import fapi_refused, fapi_requests  # noqa: F401  # their modules belong to the plan
from tests.protocol.conformance.fapi_accepted import FAPI
from tests.protocol.conformance.run import Run

pytestmark = pytest.mark.xdist_group("conformance")


@pytest.mark.parametrize("module", FAPI, ids=list(FAPI))
def test_fapi2_security_profile(module, suite):
    FAPI[module](Run(suite=suite, method="private_key_jwt", rules=("--fapi2",)))
