"""Links between cities' accounts and accounts here: followed, waited for, made.

A link is made in three ways only: with a new account for somebody who has none; with an account that was proven in the
same browser for this very arrival; never by a match alone (IDENTITY §4, rules a to d).
"""

import re
from datetime import timedelta
from typing import Final

from flask_babel import get_locale
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from connectors.contract import City, SourceDisabled, UpstreamIdentity, city
from idp import sessions
from idp.accounts import levels
from idp.accounts.create import create, identify
from idp.accounts.identity import person_name
from idp.events import AccountLinked
from idp.login import matching
from idp.login.destination import Destination
from idp.login.errors import Blocked, Expired, NotThatAccount
from idp.login.matching import Match
from idp.models.account import ACTIVE, Account
from idp.models.link import Arrival, Link
from kernel import audit, clock, outbox
from kernel.db import is_postgresql, on_refusal
from kernel.errors import Conflict
from kernel.ids import new_id, new_secret

ARRIVAL_LIFE: Final = timedelta(minutes=10)
_LONGEST_ADDRESS: Final = 254  # RFC 5321 §4.5.3.1.3
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Contradiction(Exception):
    """What the city says and what is known here do not fit; only a clerk can decide. Nothing was linked."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


def live_city(db: Session, code: str) -> City:
    """The city, if it may be used at this moment (rule f: at every completion).

    :raises SourceDisabled: when it was switched off meanwhile.
    """
    found = city(db, code)
    if found.state == "disabled":
        raise SourceDisabled(found.name, "switched off during the sign-in")
    return found


def follow(db: Session, source: City, identity: UpstreamIdentity) -> tuple[Account, Link] | None:
    """The account that this city's account signs in to, its link brought up to date; None where there is no link yet.

    :raises Contradiction: when the city's account now belongs to another person.
    :raises Blocked: when the account here is blocked.
    """
    link = db.scalar(select(Link).where(Link.source_id == identity.source_id, Link.upstream_id == identity.upstream_id))
    if link is None:
        return None
    account = db.get_one(Account, link.account_id)
    match = _match(db, source, identity)
    party = match.number.party_key if match.number is not None and match.identified else None
    if party and link.party_key and party != link.party_key:
        raise contradiction(db, source, "other_person")
    if account.status != ACTIVE:
        _note_refusal(db, "link.follow", "blocked", account.id, source)
        raise Blocked
    if party and account.party_key is None:
        # As where an account is opened: two cities at once must not make two holders of one number.
        matching.one_at_a_time(db, match.number)
        match = _match(db, source, identity)
    if party and account.party_key is None and match.account is None and match.conflict is None:
        assert match.number is not None
        account.name = person_name(identity.name or "")
        identify(db, account, match.number)
    same = party is not None and party == account.party_key
    link.level = identity.level if same else levels.DECLARED
    link.party_key = link.party_key or (party if same else None)
    link.last_used_at = clock.now()
    db.flush()
    levels.recompute(db, account)
    return account, link


def receive(db: Session, source: City, identity: UpstreamIdentity, destination: Destination) -> str:
    """Keep what the city said until the person has answered; the id of the arrival.

    :raises Contradiction: when there is nothing the person could answer.
    """
    match = _match(db, source, identity)
    if match.conflict is not None:
        raise contradiction(db, source, match.conflict)
    now = clock.now()
    arrival = Arrival(
        id=new_secret(),
        browser_hash=sessions.current().browser,
        flow=destination.flow,
        next=destination.next,
        source_id=identity.source_id,
        city_code=source.code,
        upstream_id=identity.upstream_id,
        name=person_name(identity.name or ""),
        id_type=match.number.id_type if match.number else None,
        id_number=match.number.text if match.number else None,
        email=_address(identity.attributes.get("email")),
        level=identity.level,
        upstream_session=identity.session_hint,
        account_id=match.account.id if match.account else None,
        created_at=now,
        expires_at=now + ARRIVAL_LIFE,
    )
    db.add(arrival)
    db.flush()
    return arrival.id


def waiting(db: Session, arrival_id: str | None) -> Arrival:
    """The arrival, if it is this browser's, unused and young.

    :raises Expired: otherwise; which of these it is stays untold.
    """
    found = db.get(Arrival, arrival_id) if arrival_id else None
    if (
        found is None
        or found.used_at is not None
        or found.expires_at <= clock.now()
        or found.browser_hash != sessions.current().browser
    ):
        raise Expired
    return found


def match_of(db: Session, source: City, arrival: Arrival) -> Match:
    return matching.find(
        db,
        source,
        name=arrival.name,
        id_type=arrival.id_type,
        id_number=arrival.id_number,
        level=arrival.level,
    )


def open_account(db: Session, arrival: Arrival) -> tuple[Account, Link]:
    """A new account for somebody who has none, linked; uses the arrival up.

    :raises Contradiction: when an account of the same person has appeared meanwhile.
    """
    _use(db, arrival)
    source = live_city(db, arrival.city_code)
    match = match_of(db, source, arrival)
    matching.one_at_a_time(db, match.number)
    match = match_of(db, source, arrival)
    if match.account is not None or match.conflict is not None:
        raise contradiction(db, source, match.conflict or "appeared")
    account = create(
        db,
        name=arrival.name,
        number=match.number,
        identified=match.identified,
        own_level=levels.DECLARED,
        locale=str(get_locale()),
    )
    account.email = arrival.email
    return account, _link(db, account, source, arrival, match, how="new")


def _address(text: str | None) -> str | None:
    """Where reminders are sent. It never finds an account and never signs anybody in (IDENTITY rule a)."""
    found = (text or "").strip()
    return found if len(found) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(found) else None


def redeem(db: Session, arrival_id: str, account: Account) -> Link:
    """Link the arrival to the account that was just proven in this browser; uses the arrival up.

    :raises Expired: for an arrival that is not this browser's, used, or too old.
    :raises NotThatAccount: when another account was proven than the one it belongs to.
    """
    arrival = waiting(db, arrival_id)
    if arrival.account_id != account.id:
        _note_refusal(db, "link.prove", "other_account", account.id, None)
        raise NotThatAccount
    _use(db, arrival)
    source = live_city(db, arrival.city_code)
    match = match_of(db, source, arrival)
    if match.conflict is not None or match.account is None or match.account.id != account.id:
        raise contradiction(db, source, match.conflict or "moved")
    return _link(db, account, source, arrival, match, how="proven")


def unlink(db: Session, account: Account, link: Link) -> None:
    """Take a link away.

    :raises Conflict: for the last way to sign in.
    """
    others = db.scalar(select(Link.id).where(Link.account_id == account.id, Link.id != link.id).limit(1))
    if others is None and account.password_hash is None:
        raise Conflict("last_way_to_sign_in", detail="no other link and no password")
    db.execute(delete(Link).where(Link.id == link.id))
    levels.recompute(db, account)
    audit.record(db, "link.remove", subject=account.id, details={"source": link.source_id})


def contradiction(db: Session, source: City, why: str) -> Contradiction:
    """To be raised; the audit remembers it after the rollback."""
    _note_refusal(db, "link.match", why, None, source)
    return Contradiction(why)


def _match(db: Session, source: City, identity: UpstreamIdentity) -> Match:
    return matching.find(
        db,
        source,
        name=identity.name,
        id_type=identity.id_type,
        id_number=identity.id_number,
        level=identity.level,
    )


def _use(db: Session, arrival: Arrival) -> None:
    """Single use is the database's word: of two at once, one gets the row."""
    used = db.scalar(
        update(Arrival)
        .where(Arrival.id == arrival.id, Arrival.used_at.is_(None), Arrival.expires_at > clock.now())
        .values(used_at=clock.now())
        .returning(Arrival.id)
    )
    if used is None:
        raise Expired


def _link(db: Session, account: Account, source: City, arrival: Arrival, match: Match, *, how: str) -> Link:
    party = match.number.party_key if match.number is not None and match.identified else None
    same = party is not None and party == account.party_key
    insert = postgresql.insert if is_postgresql(db) else sqlite.insert
    made: Link | None = db.scalar(
        insert(Link)
        .values(
            id=new_id(),
            account_id=account.id,
            source_id=arrival.source_id,
            upstream_id=arrival.upstream_id,
            level=arrival.level if same else levels.DECLARED,
            party_key=party if same else None,
            linked_at=clock.now(),
            last_used_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=[Link.source_id, Link.upstream_id])
        .returning(Link)
    )
    if made is None:
        raise contradiction(db, source, "linked_already")
    levels.recompute(db, account)
    audit.record(
        db, "link.create", subject=account.id, details={"source": made.source_id, "how": how, "level": made.level}
    )
    outbox.publish(db, AccountLinked(account_id=account.id, party_key=account.party_key, source=made.source_id))
    return made


def _note_refusal(db: Session, act: str, outcome: str, subject: str | None, source: City | None) -> None:
    details = {"source": source.source_id} if source else None
    on_refusal(db, lambda fresh: audit.record(fresh, act, outcome=outcome, subject=subject, details=details))
