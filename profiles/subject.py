"""Whose pages are being looked at: the person signed in, or an enterprise they stand for."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from flask import url_for

from idp.contract import Viewer, viewer
from kernel.db import reading
from kernel.errors import NotFound
from profiles import access
from profiles.access import Look
from profiles.facts import PartyLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A party and the person who looks. ``org_id`` is what an enterprise is called in addresses; None: the person."""

    party_key: str
    name: str
    viewer: Viewer
    org_id: str | None = None

    @property
    def is_org(self) -> bool:
        return self.org_id is not None

    def url(self, page: str, **values: Any) -> str:
        """The address of one of the pages that persons and enterprises both have."""
        if self.org_id is None:
            return url_for(f"me.{page}", **values)
        return url_for(f"org.{page}", org_id=self.org_id, **values)

    def page(self, page: str, purpose: str) -> AbstractContextManager[Look]:
        """Open this subject's data for one of its own pages (see ``access.own_page``)."""
        viewer = self.viewer
        return access.own_page(
            self.party_key, account_id=viewer.account_id, name=viewer.name or viewer.login, page=page, purpose=purpose
        )

    def reader(self, purpose: str) -> access.Reader:
        """The viewer as a reader of the subject's data."""
        return access.Reader(
            kind=access.Kind.SELF,
            id=self.viewer.account_id,
            name=self.viewer.name or self.viewer.login,
            purpose=purpose,
        )


def person() -> Subject:
    """The person signed in.

    :raises NotFound: for an account that is not identified; its pages answer before they get here.
    """
    found = viewer()
    if found.party_key is None:
        raise NotFound(detail="account without a party")
    return Subject(party_key=found.party_key, name=found.name or found.login, viewer=found)


def enterprise(org_id: str) -> Subject:
    """An enterprise whose reported legal representative is the person signed in.

    :raises NotFound: for every other one, known or not: nobody learns which exist.
    """
    for line in represented():
        if line.party_key == org_id:
            return Subject(party_key=line.party_key, name=line.name or line.number, viewer=viewer(), org_id=org_id)
    raise NotFound(detail="not an enterprise of this person")


def represented() -> tuple[PartyLine, ...]:
    """The enterprises the person signed in stands for, by name."""
    found = viewer()
    if found.party_key is None:
        return ()
    with reading() as db:
        return Look(db, found.party_key).enterprises()
