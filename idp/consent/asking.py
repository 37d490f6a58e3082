"""A request that waits for a person's decision, and the decision."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from idp import authorization_detail, claims, scopes, sessions
from idp.authorization_detail import Shown
from idp.authorize import pending
from idp.authorize.request import AuthorizeRequest
from idp.clients import registered
from idp.clients.registered import RegisteredClient
from idp.consent import decide, wanted
from idp.consent.wanted import Wanted
from idp.login.errors import Expired
from idp.viewer import Viewer
from kernel import audit, clock, i18n
from kernel.db import after_commit

REQUIRED: Final = frozenset({"profile", "identity"})
"""Without them nobody can be served at all; everything else is the person's choice, unticked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """``open`` is what has not been decided, ``details`` are the authorization details that are not agreed to yet."""

    flow: str
    request: AuthorizeRequest
    client: RegisteredClient
    open: Wanted
    details: Sequence[Shown] = ()

    @property
    def resume(self) -> str:
        return f"/authorize/resume?{urlencode({'flow': self.flow})}"

    @property
    def name(self) -> str:
        return self.said("client_name") or self.client.name

    def said(self, member: str) -> str | None:
        """What the client says about itself, in the language of the page."""
        return self.client.meta.said(member, i18n.tag())

    @property
    def required(self) -> frozenset[str]:
        return self.open.scopes & REQUIRED

    @property
    def decided(self) -> bool:
        """Whether there is nothing to ask any more."""
        return not (self.open or self.details)


def asking(db: Session, flow: str, person: Viewer) -> Asking:
    """The request that this browser's flow stands for.

    :raises Expired: for a flow that is not this browser's, or that is over.
    """
    here = sessions.current()
    asked = pending.get(here, flow)
    client = registered.find(asked.client_id) if asked is not None else None
    if asked is None or client is None:
        raise Expired
    decisions = decide.decisions(db, client, person.account_id)
    since = asked.started_at if "consent" in asked.prompt else None
    still = decisions.open(wanted.of(asked, offline=decisions.offline), since=since)
    settled = decisions.waived or wanted.details_settled(person.account_id) in pending.progress(here, flow).settled
    details = () if settled else authorization_detail.shown(asked.authorization_details)
    return Asking(flow=flow, request=asked, client=client, open=still, details=details)


def allow(db: Session, asked: Asking, person: Viewer, agreed: Wanted, life: timedelta) -> None:
    """Keep what the person ``agreed`` to of what is open, and that the rest was declined. Details come as a whole."""
    granted = asked.required | (asked.open.scopes & agreed.scopes)
    singles = {name: name in agreed.claims for name in asked.open.claims}
    decide.grant(
        db,
        client_id=asked.client.client_id,
        account_id=person.account_id,
        granted=granted,
        declined=asked.open.scopes - granted,
        claims=singles,
        until=clock.now() + life,
        purpose=asked.client.purpose,
    )
    left = scopes.claims(asked.open.scopes - granted) | {name for name, yes in singles.items() if not yes}
    _note_declined(db, asked, person, left)
    if asked.details:
        step = wanted.details_settled(person.account_id)
        after_commit(db, lambda: pending.settle(sessions.current(), asked.flow, step))


def refuse(db: Session, asked: Asking, person: Viewer) -> None:
    """Nothing is handed over, and nothing remembered: the client may ask again. That it asked is on record."""
    audit.record(db, "consent.given", outcome="denied", subject=asked.client.client_id)
    _note_declined(db, asked, person, asked.open.all_claims)


def _note_declined(db: Session, asked: Asking, person: Viewer, names: Collection[str]) -> None:
    if names:
        claims.claims().declined(
            db,
            party_key=person.party_key,
            names=frozenset(names),
            client_id=asked.client.client_id,
            purpose=asked.client.purpose,
        )
