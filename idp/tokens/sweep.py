"""Taking away codes, families and revocations that nothing can come of any more."""

from datetime import timedelta
from typing import Final

from sqlalchemy import and_, select

from idp.models.code import AuthorizationCode
from idp.models.token import RevokedToken, TokenFamily
from idp.purge import purge
from kernel import clock
from kernel.tasks import Periodic

KEPT: Final = timedelta(days=1)  # what is looked at in a day is still there to be looked at


def sweep() -> None:
    """Delete what expired a day ago; a code stays while its family is there, so that a replay is seen."""
    over = clock.now() - KEPT
    family_is_there = select(TokenFamily.id).where(TokenFamily.id == AuthorizationCode.family_id).exists()
    purge(AuthorizationCode.code_hash, and_(AuthorizationCode.expires_at < over, ~family_is_there))
    purge(TokenFamily.id, TokenFamily.expires_at < over)
    purge(RevokedToken.jti, RevokedToken.expires_at < over)


PERIODIC: Final = Periodic(name="tokens.sweep", every=timedelta(hours=1), run=sweep)
