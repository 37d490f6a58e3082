"""Access tokens taken back one by one (RFC 7009), and whether a token still counts at this moment."""

from typing import Final

from sqlalchemy import bindparam, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp.models.token import RevokedToken
from idp.process_cache import ProcessCache
from idp.tokens import families
from idp.tokens.check import AccessToken
from idp.tokens.families import CLIENT, REVOKED, SEEN_SECONDS
from kernel.db import after_commit, is_postgresql, reading

_MACHINE: Final = select(
    exists().where(CLIENT.c.id == bindparam("client_id"), CLIENT.c.disabled_at.is_(None)),
    exists().where(REVOKED.c.jti == bindparam("jti")),
)
_machines: ProcessCache[bool] = ProcessCache(seconds=SEEN_SECONDS, most=2000)


def revoke(db: Session, token: AccessToken) -> bool:
    """Take this one back, the rest of its family goes on; False where it was taken back before."""
    insert = postgresql.insert if is_postgresql(db) else sqlite.insert
    values = {"jti": token.jti, "expires_at": token.expires_at}
    made = insert(RevokedToken).values(values).on_conflict_do_nothing(index_elements=["jti"])
    after_commit(db, forget)
    return db.connection().execute(made.returning(RevokedToken.jti)).first() is not None


def machine_lives(token: AccessToken) -> bool:
    """Whether a machine's token counts, as of at most half a second ago: neither it nor the client was ended."""

    def load() -> bool:
        with reading() as db:
            good, taken_back = db.connection().execute(_MACHINE, {"client_id": token.client_id, "jti": token.jti}).one()
            return bool(good and not taken_back)

    return _machines.get(token.jti, load) is True


def forget() -> None:
    """Ask the database again, in this process."""
    _machines.forget()
    families.forget()
