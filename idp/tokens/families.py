"""Token families in the database: opened with a code, moved on by each refresh, ended by whatever ends them.

A refresh token is ``<family>.<generation>.<MAC>``, the MAC made with the family's seed, which is encrypted at rest.
So a family is one row however often it is refreshed, every token that was ever issued is recognised, and two
requests that race get the same successor (ADR 0006).
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Select, Table, and_, bindparam, exists, insert, literal, select, update
from sqlalchemy.orm import Session

from connectors.contract import cities
from idp.models.account import ACTIVE, Account
from idp.models.client import Client
from idp.models.code import AuthorizationCode
from idp.models.session import LoginSession
from idp.models.token import RevokedToken, TokenFamily
from idp.process_cache import ProcessCache
from idp.settings import TokenSettings
from idp.tokens.mint import Grantee
from idp.tokens.terms import Terms
from kernel import clock, crypto, settings
from kernel.db import after_commit
from kernel.ids import new_secret
from kernel.quick import Quick


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A family and what decides whether it still counts, read in one statement."""

    id: str
    client_id: str
    account_id: str
    party_key: str | None
    level: int
    session_id: str
    sub: str
    scope: str
    auth_time: datetime
    acr: str
    amr: str
    terms: Mapping[str, Any] | None
    offline: bool
    seed: str | None
    generation: int
    rotated_at: datetime
    expires_at: datetime
    live: bool

    @property
    def present_acr(self) -> str:
        """The level of the sign-in, never above what the account is worth now (IDENTITY rule e)."""
        return lower_acr(self.acr, self.level)


def lower_acr(acr: str, level: int) -> str:
    return str(min(int(acr), level))


# Core and not the ORM: on the hot path the unit of work costs several times the statement (PERFORMANCE §3).
FAMILY: Final = cast("Table", TokenFamily.__table__)
ACCOUNT: Final = cast("Table", Account.__table__)
CLIENT: Final = cast("Table", Client.__table__)
CODE: Final = cast("Table", AuthorizationCode.__table__)
SESSION: Final = cast("Table", LoginSession.__table__)
REVOKED: Final = cast("Table", RevokedToken.__table__)
SEEN_SECONDS: Final = 0.5  # "within one second on every node", with the time that an answer takes
_KEPT: Final = (
    *("id", "client_id", "account_id", "session_id", "sub", "scope", "auth_time", "acr", "amr"),
    *("terms", "offline", "seed", "generation", "rotated_at", "expires_at"),
)
_STANDING: Final[Select[Any]] = (
    select(
        *(FAMILY.c[name] for name in _KEPT),
        ACCOUNT.c.party_key,
        ACCOUNT.c.level,
        and_(
            FAMILY.c.revoked_at.is_(None),
            FAMILY.c.expires_at > bindparam("now"),
            ACCOUNT.c.status == ACTIVE,
            CLIENT.c.disabled_at.is_(None),
            ~exists().where(REVOKED.c.jti == bindparam("jti")),
        ).label("live"),
    )
    .select_from(FAMILY)
    .join(ACCOUNT, ACCOUNT.c.id == FAMILY.c.account_id)
    .join(CLIENT, CLIENT.c.id == FAMILY.c.client_id)
    .where(FAMILY.c.id == bindparam("family_id"))
)
_READ: Final = Quick(_STANDING)
_QUICK: Final = Quick(
    _STANDING.with_only_columns(*(column for column in _STANDING.selected_columns if column.key != "seed"))
)
_HELD: Final = Quick(_STANDING.with_for_update(read=True, of=FAMILY))
_OPEN: Final = Quick(insert(FAMILY), columns=(*_KEPT, "parent_id", "created_at"))
_seen: ProcessCache[Standing] = ProcessCache(seconds=SEEN_SECONDS, most=2000)


def standing(db: Session, family_id: str, *, jti: str = "", held: bool = False) -> Standing | None:
    """The family; None for an unknown one. ``live``: neither it, nor the account, nor the client, nor the access token
    ``jti`` has been ended.

    ``held``: it cannot be ended until this transaction is over, so that what grows out of it is ended with it.
    """
    asked = {"family_id": family_id, "jti": jti, "now": clock.now()}
    row = (_HELD if held else _READ).within(db, asked)
    return None if row is None else Standing(**row)


def seen(family_id: str, *, jti: str) -> Standing | None:
    """The same without its seed, up to half a second ago: an access token often comes many times a second. What is
    ended here is seen here at once.
    """

    def load() -> Standing | None:
        row = _QUICK.one({"family_id": family_id, "jti": jti, "now": clock.now()})
        return None if row is None else Standing(**row, seed=None)

    return _seen.get(f"{family_id}.{jti}", load)


def forget() -> None:
    """Ask the database again, in this process."""
    _seen.forget()


def source_stands(db: Session, terms: Terms) -> bool:
    """Whether the city on whose word the sign-in stands is still believed; one read, for such a sign-in only."""
    return terms.source is None or any(
        city.source_id == terms.source and city.state != "disabled" for city in cities(db)
    )


def new_seed() -> str:
    return new_secret()


def refresh_token(family_id: str, generation: int, seed: str) -> str:
    data = f"{family_id}.{generation}"
    tag = base64.urlsafe_b64encode(hmac.digest(seed.encode(), data.encode(), "sha256")).rstrip(b"=").decode()
    return f"{data}.{tag}"


def presented(token: str) -> tuple[str, int] | None:
    """Family and generation that a refresh token claims, its MAC unchecked; None for what is not of its form."""
    family_id, _, rest = token.partition(".")
    generation, _, tag = rest.partition(".")
    well_formed = len(family_id) == 32 and family_id.isalnum() and family_id.isascii() and len(tag) == 43
    if not well_formed or not (generation.isascii() and generation.isdigit() and len(generation) <= 9):
        return None
    return family_id, int(generation)


def genuine(token: str, family: Standing, generation: int) -> bool:
    """Whether we issued this very token."""
    return family.seed is not None and crypto.same(token, refresh_token(family.id, generation, family.seed))


def open_family(
    db: Session, grantee: Grantee, *, client_id: str, scope: str, seed: str | None, parent_id: str | None = None
) -> None:
    """One INSERT. Without a seed the family lives as long as its one access token."""
    now, limits = clock.now(), settings.of(TokenSettings)
    ends = now + (limits.refresh_life if seed else limits.access_life)
    _OPEN.changed(
        db,
        {
            "id": grantee.family_id,
            "client_id": client_id,
            "account_id": grantee.account_id,
            "session_id": grantee.session_id,
            "parent_id": parent_id,
            "sub": grantee.sub,
            "scope": scope,
            "auth_time": grantee.auth_time,
            "acr": grantee.acr,
            "amr": " ".join(grantee.amr),
            "terms": grantee.terms.kept(),
            "offline": grantee.offline,
            "seed": seed,
            "generation": 0,
            "created_at": now,
            "rotated_at": now,
            "expires_at": min(ends, grantee.not_after or ends),
        },
    )


def _spend(step: int) -> Quick:
    return Quick(
        update(FAMILY)
        .where(
            FAMILY.c.id == bindparam("family_id"),
            FAMILY.c.generation == bindparam("from_generation"),
            FAMILY.c.revoked_at.is_(None),
        )
        .values(generation=FAMILY.c.generation + literal(step), rotated_at=bindparam("at"))
    )


_ADVANCE: Final = _spend(1)
_TOUCH: Final = _spend(0)


def advance(db: Session, family_id: str, generation: int) -> bool:
    """Spend this generation. Of several requests that hold it, one is told True."""
    return _spent(db, _ADVANCE, family_id, generation)


def touch(db: Session, family_id: str, generation: int) -> bool:
    """Note the use of this generation, which stays the current one; False where it is not that any more."""
    return _spent(db, _TOUCH, family_id, generation)


def _spent(db: Session, statement: Quick, family_id: str, generation: int) -> bool:
    values = {"family_id": family_id, "from_generation": generation, "at": clock.now()}
    return statement.changed(db, values) == 1


def end(
    db: Session,
    *,
    reason: str,
    family_id: str | None = None,
    session_id: str | None = None,
    client_id: str | None = None,
    account_id: str | None = None,
) -> int:
    """End the families that fit all that is given, and every token of them, at once; how many there were.

    What grew out of them by token exchange ends with them. Codes that were not redeemed yet are spent: nothing may
    grow out of what was ended. Offline families do not end with their session (OpenID Connect Core §11). At least one
    of the four is given.
    """
    given = {"session_id": session_id, "client_id": client_id, "account_id": account_id}
    wanted = {name: value for name, value in given.items() if value is not None}
    if not wanted and family_id is None:
        raise ValueError("whose families?")
    at, connection = clock.now(), db.connection()
    which = [FAMILY.c[name] == value for name, value in wanted.items()]
    if session_id is not None:
        which.append(FAMILY.c.offline.is_(False))
    if family_id is not None:
        which.append(FAMILY.c.id == family_id)
    else:
        codes = [CODE.c[name] == value for name, value in wanted.items()]
        connection.execute(update(CODE).where(*codes, CODE.c.used_at.is_(None)).values(used_at=at))
    ended = connection.execute(_ending(at, reason).where(*which)).rowcount
    if ended:
        # A statement of its own: it sees what another transaction grew out of them while this one waited for it.
        connection.execute(_ending(at, reason).where(FAMILY.c.id.in_(_grown_out_of(*which, FAMILY.c.revoked_at == at))))
        after_commit(db, forget)
    return ended


def _ending(at: datetime, reason: str) -> Any:
    return update(FAMILY).where(FAMILY.c.revoked_at.is_(None)).values(revoked_at=at, revoked_for=reason)


def _grown_out_of(*which: Any) -> Any:
    """The ids of all that descends from these families (RFC 8693: a chain is at most a few links long).

    It begins with the children, which are few, and not with the families, which may be a client's million.
    """
    child, further = FAMILY.alias(), FAMILY.alias()
    ended = select(FAMILY.c.id).where(*which)
    children = select(child.c.id).where(child.c.parent_id.is_not(None), child.c.parent_id.in_(ended))
    line = children.cte("line", recursive=True)
    line = line.union(select(further.c.id).join(line, further.c.parent_id == line.c.id))
    return select(line.c.id)
