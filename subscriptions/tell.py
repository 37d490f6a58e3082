"""Telling somebody something, once: the intent, the inbox copy and the deliveries in the caller's transaction."""

from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp.contract import Contact
from kernel import clock, settings
from kernel.db import is_postgresql
from kernel.ids import new_id
from subscriptions.channel import channels
from subscriptions.models.message import Delivery, InboxMessage, NotificationIntent
from subscriptions.rule import Facts, rules
from subscriptions.settings import SubscriptionsSettings


def tell(db: Session, contact: Contact, *, rule: str, dedupe_key: str, facts: Facts, link: str | None) -> bool:
    """Tell one account what `rule` says of `facts`. False when this was told before: `dedupe_key` decides.

    DOMAIN 4.4: the intent is unique, the inbox copy always exists, other channels get one delivery row each.
    """
    dialect = postgresql if is_postgresql(db) else sqlite
    now, intent_id = clock.now(), new_id()
    key = f"{rule}:{dedupe_key}:{contact.account_id}"
    written = db.execute(
        dialect.insert(NotificationIntent)
        .values(
            id=intent_id,
            dedupe_key=key,
            rule=rule,
            account_id=contact.account_id,
            facts=dict(facts),
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(NotificationIntent.id)
    ).scalar_one_or_none()
    if written is None:
        return False
    db.execute(
        insert(InboxMessage).values(
            id=new_id(),
            intent_id=intent_id,
            account_id=contact.account_id,
            rule=rule,
            facts=dict(facts),
            link=link,
            created_at=now,
        )
    )
    if contact.email and channels()["email"].ready():
        db.execute(
            insert(Delivery).values(
                id=new_id(),
                intent_id=intent_id,
                account_id=contact.account_id,
                channel="email",
                address=contact.email,
                locale=contact.locale,
                state="due",
                not_before=now if rules()[rule].urgent else after_quiet_hours(now),
                attempts=0,
            )
        )
    return True


def after_quiet_hours(moment: datetime) -> datetime:
    """`moment`, or the end of the quiet hours it falls into, by the province's clock."""
    mine = settings.of(SubscriptionsSettings)
    start, end = mine.quiet_from, mine.quiet_until
    local = clock.local(moment)
    within = start <= local.hour or local.hour < end if start > end else start <= local.hour < end
    if not within:
        return moment
    morning = local.replace(hour=end, minute=0, second=0, microsecond=0)
    if morning <= local:
        morning += timedelta(days=1)
    return morning.astimezone(moment.tzinfo)
