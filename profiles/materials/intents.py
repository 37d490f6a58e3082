"""A portal's request for materials, from its first check to the person who opens it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

from sqlalchemy import CursorResult, insert, or_, update
from sqlalchemy.orm import Session

from idp.contract import account_of, client
from kernel import audit, clock
from kernel.errors import Invalid, NotFound
from kernel.ids import new_id
from profiles.items import item
from profiles.materials.need import Need, needs_of, text_of
from profiles.models.reuse import ReuseIntent

LIFE: Final = timedelta(minutes=30)
"""From the portal's request to the person's decision."""
LONGEST_PURPOSE: Final = 200
LONGEST_STATE: Final = 512
LONGEST_URI: Final = 1024
LONGEST_SUBJECT: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An intent as acts and pages see it."""

    id: str
    client_id: str
    receiver: str
    item_code: str
    item_name: str
    purpose: str
    return_uri: str
    state: str | None
    needs: tuple[Need, ...]
    account_id: str | None
    outcome: str | None
    expires_at: datetime

    @property
    def is_open(self) -> bool:
        return self.outcome is None and self.expires_at > clock.now()

    def returning(self, **answer: str) -> str:
        """The portal's address with the answer and its own ``state``, whatever query it has already."""
        if self.state is not None:
            answer["state"] = self.state
        joint = "&" if urlsplit(self.return_uri).query else "?"
        return f"{self.return_uri}{joint}{urlencode(answer)}"


def create(db: Session, client_id: str, account_id: str | None, raw: Mapping[str, Any]) -> Intent:
    """Check a portal's request and keep it. ``account_id`` is that of a person's token, which binds the intent.

    :raises Invalid: naming every fault by its member.
    """
    faults: dict[str, str] = {}
    asking = client(db, client_id)
    purpose = text_of(raw, "purpose", LONGEST_PURPOSE, faults)
    item_code = text_of(raw, "item_code", 64, faults)
    return_uri = text_of(raw, "return_uri", LONGEST_URI, faults)
    state = text_of(raw, "state", LONGEST_STATE, faults) if raw.get("state") is not None else None
    subject = text_of(raw, "subject", LONGEST_SUBJECT, faults) if raw.get("subject") is not None else None
    found = item(db, item_code) if item_code else None
    if item_code and found is None:
        faults["item_code"] = "unknown"
    if return_uri and (asking is None or return_uri not in asking.redirect_uris):
        faults["return_uri"] = "not_registered"
    if subject and account_id is None:
        account_id = account_of(db, client_id=client_id, sub=subject)
        if account_id is None:
            faults["subject"] = "unknown"
    try:
        needs = needs_of(raw.get("needed"))
    except Invalid as fault:
        raise Invalid(faults | {name: str(text) for name, text in fault.fields.items()}) from None
    if faults or asking is None or found is None:
        raise Invalid(faults)
    intent = Intent(
        id=new_id(),
        client_id=client_id,
        receiver=asking.name,
        item_code=found.code,
        item_name=found.name,
        purpose=purpose,
        return_uri=return_uri,
        state=state,
        needs=needs,
        account_id=account_id,
        outcome=None,
        expires_at=clock.now() + LIFE,
    )
    _keep(db, intent)
    audit.record(db, "reuse.asked", subject=intent.id, details={"needs": len(needs), "item": found.code})
    return intent


def _keep(db: Session, intent: Intent) -> None:
    db.execute(
        insert(ReuseIntent).values(
            id=intent.id,
            client_id=intent.client_id,
            receiver_name=intent.receiver,
            item_code=intent.item_code,
            item_name=intent.item_name,
            purpose=intent.purpose,
            return_uri=intent.return_uri,
            state=intent.state,
            needed=[need.stored() for need in intent.needs],
            only_account=intent.account_id,
            created_at=clock.now(),
            expires_at=intent.expires_at,
        )
    )


def opened(db: Session, intent_id: str, *, account_id: str, party_key: str) -> Intent:
    """The intent for the person who opens its preview; the first one is the only one from then on.

    :raises NotFound: for an unknown one, and for one that is somebody else's.
    """
    bind = (
        update(ReuseIntent)
        .where(
            ReuseIntent.id == intent_id,
            ReuseIntent.account_id.is_(None),
            ReuseIntent.outcome.is_(None),
            ReuseIntent.expires_at > clock.now(),
            or_(ReuseIntent.only_account.is_(None), ReuseIntent.only_account == account_id),
        )
        .values(account_id=account_id, party_key=party_key)
    )
    db.execute(bind)
    row = db.get(ReuseIntent, intent_id)
    if row is None or (row.account_id or row.only_account or account_id) != account_id:
        raise NotFound(detail="no intent of this person")
    return _intent(row)


def decide(db: Session, intent_id: str, *, account_id: str, outcome: str) -> Intent | None:
    """Close the person's open intent with this outcome; None when it is closed already, expired or not theirs."""
    close = (
        update(ReuseIntent)
        .where(
            ReuseIntent.id == intent_id,
            ReuseIntent.account_id == account_id,
            ReuseIntent.outcome.is_(None),
            ReuseIntent.expires_at > clock.now(),
        )
        .values(outcome=outcome, decided_at=clock.now())
    )
    if cast("CursorResult[Any]", db.execute(close)).rowcount != 1:
        return None
    return _intent(db.get_one(ReuseIntent, intent_id))


def _intent(row: ReuseIntent) -> Intent:
    return Intent(
        id=row.id,
        client_id=row.client_id,
        receiver=row.receiver_name,
        item_code=row.item_code,
        item_name=row.item_name,
        purpose=row.purpose,
        return_uri=row.return_uri,
        state=row.state,
        needs=needs_of(row.needed),
        account_id=row.account_id,
        outcome=row.outcome,
        expires_at=row.expires_at,
    )
