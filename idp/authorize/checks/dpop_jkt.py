"""``dpop_jkt``, or the proof that a pushed request came with: the key that alone may redeem the code (RFC 9449 §10)."""

import re
from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft
from idp.tokens import dpop

_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # base64url of a SHA-256 (RFC 7638 §3)


def check(draft: Draft) -> None:
    said = draft.get("dpop_jkt")
    if said is not None and not _THUMBPRINT.match(said):
        raise InvalidRequestError("dpop_jkt must be the SHA-256 thumbprint of a key (RFC 7638) in base64url")
    if draft.proved_jkt is not None and said not in {None, draft.proved_jkt}:
        raise dpop.InvalidProof("dpop_jkt is not the thumbprint of the key that made the DPoP proof")
    draft.dpop_jkt = said or draft.proved_jkt
