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

from sqlalchemy import Table, and_, bindparam, insert, select, update
from sqlalchemy.orm import Session

from idp.models.account import ACTIVE, Account
from idp.models.client import Client
from idp.models.code import AuthorizationCode
from idp.models.token import TokenFamily
from idp.settings import TokenSettings
from idp.tokens.mint import Grantee
from kernel import clock, crypto, settings
from kernel.ids import new_secret


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
_KEPT: Final = (
    *("id", "client_id", "account_id", "session_id", "sub", "scope", "auth_time", "acr", "amr"),
    *("terms", "offline", "seed", "generation", "rotated_at", "expires_at"),
)
_STANDING: Final = (
    select(
        *(FAMILY.c[name] for name in _KEPT),
        ACCOUNT.c.party_key,
        ACCOUNT.c.level,
        and_(
            FAMILY.c.revoked_at.is_(None),
            FAMILY.c.expires_at > bindparam("now"),
            ACCOUNT.c.status == ACTIVE,
            CLIENT.c.disabled_at.is_(None),
        ).label("live"),
    )
    .select_from(FAMILY)
    .join(ACCOUNT, ACCOUNT.c.id == FAMILY.c.account_id)
    .join(CLIENT, CLIENT.c.id == FAMILY.c.client_id)
    .where(FAMILY.c.id == bindparam("family_id"))
)


def standing(db: Session, family_id: str) -> Standing | None:
    """The family; None for an unknown one. ``live``: neither it, nor the account, nor the client has been ended."""
    found = db.connection().execute(_STANDING, {"family_id": family_id, "now": clock.now()})
    row = found.mappings().one_or_none()
    return None if row is None else Standing(**row)


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


def open_family(db: Session, grantee: Grantee, *, client_id: str, scope: str, seed: str | None) -> None:
    """One INSERT. Without a seed the family lives as long as its one access token."""
    now, limits = clock.now(), settings.of(TokenSettings)
    life = limits.refresh_life if seed else limits.access_life
    db.connection().execute(
        insert(FAMILY),
        {
            "id": grantee.family_id,
            "client_id": client_id,
            "account_id": grantee.account_id,
            "session_id": grantee.session_id,
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
            "expires_at": now + life,
        },
    )


_ADVANCE: Final = (
    update(FAMILY)
    .where(
        FAMILY.c.id == bindparam("family_id"),
        FAMILY.c.generation == bindparam("from_generation"),
        FAMILY.c.revoked_at.is_(None),
    )
    .values(generation=FAMILY.c.generation + 1, rotated_at=bindparam("at"))
)


def advance(db: Session, family_id: str, generation: int) -> bool:
    """Spend this generation. Of several requests that hold it, one is told True."""
    values = {"family_id": family_id, "from_generation": generation, "at": clock.now()}
    return db.connection().execute(_ADVANCE, values).rowcount == 1


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

    Codes that were not redeemed yet are spent with them: nothing may grow out of what was ended. At least one of
    the four is given.
    """
    given = {"session_id": session_id, "client_id": client_id, "account_id": account_id}
    wanted = {name: value for name, value in given.items() if value is not None}
    if not wanted and family_id is None:
        raise ValueError("whose families?")
    at, connection = clock.now(), db.connection()
    which = [FAMILY.c[name] == value for name, value in wanted.items()]
    if family_id is not None:
        which.append(FAMILY.c.id == family_id)
    else:
        codes = [CODE.c[name] == value for name, value in wanted.items()]
        connection.execute(update(CODE).where(*codes, CODE.c.used_at.is_(None)).values(used_at=at))
    ended = update(FAMILY).where(*which, FAMILY.c.revoked_at.is_(None)).values(revoked_at=at, revoked_for=reason)
    return connection.execute(ended).rowcount
