"""Answers in a JWT that we sign (JARM, "JWT Secured Authorization Response Mode"): nobody on the way can change one, or
send it to another client.
"""

from collections.abc import Mapping
from typing import Final

from idp.clients.registered import RegisteredClient
from idp.tokens import mint, signer
from kernel import clock

SECONDS: Final = 300  # JARM §2.1: at most ten minutes
DEFAULT_ALG: Final = "ES256"  # as of everything we sign; FAPI 2.0 §5.4.1 forbids JARM's own default


def response(client: RegisteredClient, answer: Mapping[str, str]) -> str:
    """The JWT of ``answer``, for ``client`` alone. JARM leaves its type open, and libraries expect the plain one."""
    claims = {
        **answer,
        "iss": mint.issuer(),
        "aud": client.client_id,
        "exp": int(clock.now().timestamp()) + SECONDS,
    }
    return mint.signed(claims, alg=client.meta.authorization_signed_response_alg or DEFAULT_ALG, typ=signer.ID)
