"""The end of every way to sign in."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from sqlalchemy.orm import Session

from idp import login_sessions
from idp.events import SignedIn
from idp.login import device, linking
from idp.login.destination import Destination
from idp.models.account import Account
from kernel import audit, context, outbox

CITY_AMR: Final = ("fed",)  # no value of RFC 8176 says "signed in elsewhere"; this one is widely understood


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How somebody signed in. ``level`` is what this way vouches for, which may be less than the account's own."""

    method: Literal["password", "city"]
    level: int
    amr: tuple[str, ...]
    source_id: str | None = None
    upstream_session: str | None = None


def finish(db: Session, account: Account, way: Way, destination: Destination) -> None:
    """Open the session, remember the device, write the audit, tell whoever listens.

    Where a city's account waits to be linked to what is proven now, it is; if it cannot be, nobody is signed in.
    """
    context.bind(account_id=account.id)
    if destination.arrival is not None:
        link = linking.redeem(db, destination.arrival, account)
        way = replace(way, level=max(way.level, link.level), amr=(*way.amr, *CITY_AMR))
    session_id = login_sessions.begin(
        db,
        account=account,
        level=way.level,
        amr=way.amr,
        source_id=way.source_id,
        upstream_session=way.upstream_session,
    )
    device.remember(db, account.id)
    audit.record(
        db,
        f"login.{way.method}",
        subject=session_id,
        details={"level": way.level, **({"source": way.source_id} if way.source_id else {})},
    )
    outbox.publish(
        db,
        SignedIn(account_id=account.id, session_id=session_id, method=way.method, source=way.source_id),
    )
