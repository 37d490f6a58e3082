"""Client-initiated backchannel authentication (OpenID Connect CIBA Core §10.1), for polling and pinged clients."""

from idp.clients.metadata import CIBA_GRANT
from idp.cross_device.grant import Polled
from idp.grant import Grant
from idp.models.cross_device import CIBA
from idp.tokens.id_tokens import IdTokens


class Backchannel(Polled):
    GRANT_TYPE = CIBA_GRANT
    KIND = CIBA
    SECRET = "auth_req_id"  # noqa: S105  # the name of a parameter


plugin = Grant(name=CIBA_GRANT, authlib=Backchannel, extensions=(IdTokens(),))
