"""Taking away codes, families and revocations that nothing can come of any more, a few hundred at a time.

What is over is found by a read and only then deleted: no login waits while it is looked for.
"""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, select

from idp.models.code import AuthorizationCode
from idp.models.token import RevokedToken, TokenFamily
from kernel import clock
from kernel.db import reading, transaction
from kernel.tasks import Periodic

KEPT: Final = timedelta(days=1)  # what is looked at in a day is still there to be looked at
AT_ONCE: Final = 500


def sweep() -> None:
    """Delete what expired a day ago; a code stays while its family is there, so that a replay is seen."""
    over = clock.now() - KEPT
    family_is_there = select(TokenFamily.id).where(TokenFamily.id == AuthorizationCode.family_id).exists()
    for key, which in (
        (AuthorizationCode.code_hash, and_(AuthorizationCode.expires_at < over, ~family_is_there)),
        (TokenFamily.id, TokenFamily.expires_at < over),
        (RevokedToken.jti, RevokedToken.expires_at < over),
    ):
        while _batch(key, which) == AT_ONCE:
            pass


def _batch(key: Any, which: ColumnElement[bool]) -> int:
    """Delete some of them; how many were found."""
    with reading() as db:
        found = db.scalars(select(key).where(which).limit(AT_ONCE)).all()
    if found:
        with transaction() as db:
            db.execute(delete(key.class_).where(key.in_(found)).execution_options(synchronize_session=False))
    return len(found)


PERIODIC: Final = Periodic(name="tokens.sweep", every=timedelta(hours=1), run=sweep)
