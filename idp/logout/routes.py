"""``/logout``: asks on GET, ends the session on POST, and says what that means for the services used with it."""

from typing import Final

from flask import make_response, redirect, render_template
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from idp import login_sessions, sessions
from idp.models.client import Client
from idp.models.token import TokenFamily
from idp.viewer import maybe_viewer
from kernel import audit
from kernel.db import after_commit, reading, transaction
from kernel.web import Access, blueprint

logout = blueprint("logout", __name__, access=Access.PUBLIC)
USED: Final = "used_before_logout"


@logout.get("/logout")
def show() -> Response:
    here = sessions.current()
    person = maybe_viewer()
    names: list[str] = here.pop(USED, [])
    if person is not None:
        with reading() as db:
            names = _used(db, person.session_id)
    return make_response(render_template("idp/logout.html", person=person, apps=names))


@logout.post("/logout")
def end() -> Response:
    here = sessions.current()
    person = maybe_viewer()
    if person is not None:
        with transaction() as db:
            names = _used(db, person.session_id)
            login_sessions.end(db, person.account_id, session_id=person.session_id)
            audit.record(db, "logout", subject=person.session_id)
            after_commit(db, here.leave)
        if names:
            here[USED] = names
    return redirect("/logout", 303)


def _used(db: Session, session_id: str) -> list[str]:
    """The services that were entered with this session."""
    names = (
        select(Client.name)
        .join(TokenFamily, TokenFamily.client_id == Client.id)
        .where(TokenFamily.session_id == session_id, TokenFamily.revoked_at.is_(None))
        .distinct()
        .order_by(Client.name)
    )
    return list(db.scalars(names))
