"""The device grant (RFC 8628): a kiosk gets the tokens of whoever typed its code elsewhere."""

from idp.clients.metadata import DEVICE_GRANT
from idp.cross_device.grant import Polled
from idp.grant import Grant
from idp.models.cross_device import DEVICE
from idp.tokens.id_tokens import IdTokens


class DeviceCodes(Polled):
    GRANT_TYPE = DEVICE_GRANT
    KIND = DEVICE
    SECRET = "device_code"  # noqa: S105  # the name of a parameter


plugin = Grant(name=DEVICE_GRANT, authlib=DeviceCodes, extensions=(IdTokens(),))
