"""Ending the session of this browser: what became of it, for the page that follows."""

from urllib.parse import urlencode

from sqlalchemy.orm import Session

from idp import login_sessions, sessions
from idp.logout import tell
from idp.logout.pending import Farewell
from idp.tokens import mint
from idp.viewer import Viewer
from kernel import audit
from kernel.db import after_commit


def here(db: Session, person: Viewer, *, back: str | None = None, portal: str | None = None) -> Farewell:
    """Sign this browser out, and tell the portals; ``back`` and ``portal`` are kept for what follows."""
    used = tell.visited(db, [person.session_id])
    _, logout_id = login_sessions.end_telling(db, person.account_id, session_id=person.session_id)
    audit.record(db, "logout", subject=person.session_id, details={"portals": len(used)})
    after_commit(db, sessions.current().leave)
    return Farewell(
        back=back,
        portal=portal,
        logout_id=logout_id,
        names=tuple(dict.fromkeys(each.name for each in used)),
        frames=tuple(_frame(each) for each in used if each.registered.get(tell.FRONT)),
    )


def _frame(portal: tell.Visited) -> str:
    """OpenID Connect Front-Channel Logout §2: the registered URI, with issuer and session."""
    uri = str(portal.registered[tell.FRONT])
    query = urlencode({"iss": mint.issuer(), "sid": portal.session_id})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"
