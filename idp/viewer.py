"""Who is looking at this page."""

from dataclasses import dataclass

from flask import has_request_context

from idp import sessions
from idp.accounts import levels
from kernel.errors import Unauthenticated


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The signed-in person of this request.

    ``level`` is what the account is worth at this moment: whose data it may see does not depend on how one signed in
    (what a sign-in is trusted for is ``Login.acr``). ``party_key`` and ``id_type`` are None below level 3: whoever is
    not identified sees nobody's data. ``name`` may be empty where no source gave one.
    """

    account_id: str
    login: str
    name: str
    party_key: str | None
    id_type: str | None
    level: int
    admin: bool
    email: str | None
    session_id: str


def maybe_viewer() -> Viewer | None:
    """The signed-in person, or None."""
    found = sessions.current().login if has_request_context() else None
    if found is None:
        return None
    account = found.account
    identified = account.level >= levels.IDENTIFIED
    return Viewer(
        account_id=account.id,
        login=found.shown,
        name=account.name,
        party_key=account.party_key if identified else None,
        id_type=account.id_type if identified else None,
        level=account.level,
        admin=account.admin,
        email=account.email,
        session_id=found.session_id,
    )


def viewer() -> Viewer:
    """The signed-in person of this Flask request.

    :raises Unauthenticated: when nobody is; a page behind ``Access.SIGNED_IN`` never gets so far.
    """
    found = maybe_viewer()
    if found is None:
        raise Unauthenticated
    return found
