"""Taking away codes and families that nothing can come of any more, a few hundred at a time so that no login waits."""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from idp.models.code import AuthorizationCode
from idp.models.token import TokenFamily
from kernel import clock
from kernel.db import transaction
from kernel.tasks import Periodic

KEPT: Final = timedelta(days=1)  # what is looked at in a day is still there to be looked at
AT_ONCE: Final = 500


def sweep() -> None:
    """Delete what expired a day ago; a code stays while its family is there, so that a replay is seen."""
    while _codes() == AT_ONCE:
        pass
    while _families() == AT_ONCE:
        pass


def _codes() -> int:
    alive = select(TokenFamily.id).where(TokenFamily.id == AuthorizationCode.family_id).exists()
    old = (
        select(AuthorizationCode.code_hash)
        .where(AuthorizationCode.expires_at < clock.now() - KEPT, ~alive)
        .limit(AT_ONCE)
    )
    with transaction() as db:
        gone = db.execute(
            delete(AuthorizationCode)
            .where(AuthorizationCode.code_hash.in_(old))
            .returning(AuthorizationCode.code_hash)
            .execution_options(synchronize_session=False)
        )
        return len(gone.all())


def _families() -> int:
    old = select(TokenFamily.id).where(TokenFamily.expires_at < clock.now() - KEPT).limit(AT_ONCE)
    with transaction() as db:
        gone = db.execute(
            delete(TokenFamily)
            .where(TokenFamily.id.in_(old))
            .returning(TokenFamily.id)
            .execution_options(synchronize_session=False)
        )
        return len(gone.all())


PERIODIC: Final = Periodic(name="tokens.sweep", every=timedelta(hours=1), run=sweep)
