"""Sending what is due: claimed in one transaction, handed over outside any, settled in another (DOMAIN 4.4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from kernel import clock, settings
from kernel.db import skip_locked, transaction
from kernel.i18n import in_locale
from kernel.settings import KernelSettings
from subscriptions.channel import Channel, Letter, Outcome, Result, channels
from subscriptions.models.message import Delivery, InboxMessage
from subscriptions.rule import rules

_LEASE = timedelta(minutes=1)  # longer than a call usually takes; a later answer of the same attempt still counts
_ATTEMPTS = 8
_FIRST_WAIT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    delivery_id: str
    channel: str
    attempt: int
    letter: Letter


def send_due() -> int:
    """Send until nothing is due. Returns how many deliveries were settled."""
    settled = 0
    ways = {name: channel for name, channel in channels().items() if channel.ready()}
    _settle_crashed(ways)
    while claim := _claim(ways):
        result = ways[claim.channel].send(claim.letter)
        with transaction() as db:
            _settle(db, claim.delivery_id, claim.attempt, result)
        settled += 1
    return settled


def _claim(ways: dict[str, Channel]) -> _Claim | None:
    """One at a time: a lease then needs to outlast one call only, and a crash leaves one letter in doubt."""
    now = clock.now()
    query = (
        select(Delivery, InboxMessage)
        .join(InboxMessage, InboxMessage.intent_id == Delivery.intent_id)
        .where(Delivery.state == "due", Delivery.not_before <= now, Delivery.channel.in_(ways))
        .order_by(Delivery.not_before, Delivery.id)
        .limit(1)
    )
    with transaction() as db:
        found = db.execute(skip_locked(query, db)).one_or_none()
        if found is None:
            return None
        delivery, message = found
        delivery.state = "calling"
        delivery.attempts += 1
        delivery.lease_until = now + _LEASE
        return _Claim(
            delivery_id=delivery.id,
            channel=delivery.channel,
            attempt=delivery.attempts,
            letter=_letter(delivery, message),
        )


def _letter(delivery: Delivery, message: InboxMessage) -> Letter:
    with in_locale(delivery.locale):
        rule = rules()[message.rule]
        words = rule.words(message.facts)
        # What cannot wait is one click away.
        path = message.link if rule.urgent and message.link else f"/me/messages/{message.id}"
        where = settings.of(KernelSettings).public_url.rstrip("/") + path
        text = "\n\n".join(
            (
                _("您好："),
                words.text,
                _("请登录个人网页查看：%(url)s", url=where),
                _("这封邮件由系统发出，不用回复。任何人向您索要验证码或密码都是诈骗。"),
            )
        )
        return Letter(
            reference=delivery.id, address=delivery.address, subject=words.title, text=text, locale=delivery.locale
        )


def _settle(db: Session, delivery_id: str, attempt: int, result: Result) -> None:
    """Only the attempt that made the call settles it; its late answer beats "unknown", never the other way round."""
    now = clock.now()
    values: dict[str, object] = {"lease_until": None, "problem": result.problem}
    if result.outcome is Outcome.SENT:
        values |= {"state": "sent", "sent_at": now}
    elif result.outcome is Outcome.NOT_SENT and attempt < _ATTEMPTS:
        values |= {"state": "due", "not_before": _next_try(now, attempt)}
    elif result.outcome is Outcome.UNKNOWN:
        values |= {"state": "unknown"}
    else:
        values |= {"state": "failed"}
    db.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state.in_(("calling", "unknown")), Delivery.attempts == attempt)
        .values(**values)
    )


def _settle_crashed(ways: dict[str, Channel]) -> None:
    """Calls whose worker died: ask the channel what became of them; what cannot be known is not sent again."""
    with transaction() as db:
        left = db.execute(
            select(Delivery.id, Delivery.channel, Delivery.attempts).where(
                Delivery.state == "calling",
                or_(Delivery.lease_until.is_(None), Delivery.lease_until < clock.now()),
                Delivery.channel.in_(ways),
            )
        ).all()
    for delivery_id, channel, attempt in left:
        found = ways[channel].find(delivery_id)
        with transaction() as db:
            _settle(db, delivery_id, attempt, Result(outcome=found, problem="the worker stopped in mid-call"))


def _next_try(now: datetime, attempt: int) -> datetime:
    return now + _FIRST_WAIT * (1 << (attempt - 1))
