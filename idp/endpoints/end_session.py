"""Where portals send people to sign out (OpenID Connect RP-Initiated Logout); Flask serves it, see ``idp.logout``."""

from idp.endpoint import Endpoint

plugin = Endpoint(
    name="end_session",
    path="/end_session",
    member="end_session_endpoint",
    metadata={
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    },
)
