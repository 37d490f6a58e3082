"""The authorization endpoint as discovery tells of it; Flask serves it, see ``idp.authorize``."""

from collections.abc import Mapping

from idp import authorization_detail
from idp.authorize.checks.prompt import OFFERED
from idp.authorize.request import MODES
from idp.clients import signed
from idp.endpoint import Endpoint
from idp.tokens import keys


def metadata() -> Mapping[str, object]:
    """What may be asked for, and in which forms."""
    types = authorization_detail.types()
    return {
        "response_types_supported": ["code"],
        "response_modes_supported": list(MODES),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(OFFERED),
        "authorization_response_iss_parameter_supported": True,
        "authorization_signing_alg_values_supported": list(keys.ALGORITHMS),
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(signed.ALGORITHMS),
        "require_signed_request_object": False,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,  # those of /par are another matter (RFC 9126 §5)
        "claims_parameter_supported": True,
        # Every page fits its window, so each of OpenID Connect Core §3.1.2.1 is honoured by one page.
        "display_values_supported": ["page", "popup", "touch", "wap"],
        **({"authorization_details_types_supported": list(types)} if types else {}),
    }


plugin = Endpoint(name="authorize", path="/authorize", member="authorization_endpoint", metadata=metadata)
