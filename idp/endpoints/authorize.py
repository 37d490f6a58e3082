"""The authorization endpoint as discovery tells of it; Flask serves it, see ``idp.authorize``."""

from idp.authorize.checks.prompt import OFFERED
from idp.authorize.checks.response_mode import OFFERED as MODES
from idp.endpoint import Endpoint

plugin = Endpoint(
    name="authorize",
    path="/authorize",
    member="authorization_endpoint",
    metadata={
        "response_types_supported": ["code"],
        "response_modes_supported": list(MODES),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(OFFERED),
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": True,
        # Every page fits its window, so each of OpenID Connect Core §3.1.2.1 is honoured by one page.
        "display_values_supported": ["page", "popup", "touch", "wap"],
    },
)
