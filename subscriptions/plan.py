"""Planning reminders: which steps before a deadline are still to come, as rows with a due time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kernel import clock
from kernel.db import is_postgresql
from kernel.ids import new_id
from subscriptions.models.reminder import Reminder
from subscriptions.rule import rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    days_before: int
    due_at: datetime


def steps(deadline: date, days_before: Sequence[int], *, today: date) -> list[Step]:
    """The step that has been reached (due now) and those to come; steps passed over are not made up for.

    A certificate first reported 20 days before it lapses gets the 30-day step at once and the 7-day step later,
    never two at a time. A deadline that has passed has no steps.
    """
    left = (deadline - today).days
    if left < 0:
        return []
    reached = [days for days in days_before if left <= days]
    wanted = [min(reached)] if reached else []
    wanted += [days for days in days_before if days < left]
    return [Step(days_before=days, due_at=_start_of(deadline - timedelta(days=days))) for days in wanted]


def replan(db: Session, *, rule: str, subject_id: str, party_key: str, deadline: date | None) -> None:
    """Make the rows of (rule, subject) fit `deadline`: other deadlines are retired, missing steps are added."""
    db.execute(
        update(Reminder)
        .where(
            Reminder.rule == rule,
            Reminder.subject_id == subject_id,
            Reminder.due_at.is_not(None),
            Reminder.deadline.is_distinct_from(deadline),
        )
        .values(due_at=None, outcome="replaced")
    )
    if deadline is None:
        return
    dialect = postgresql if is_postgresql(db) else sqlite
    rows = [
        {
            "id": new_id(),
            "rule": rule,
            "subject_id": subject_id,
            "party_key": party_key,
            "deadline": deadline,
            "days_before": step.days_before,
            "due_at": step.due_at,
        }
        for step in steps(deadline, rules()[rule].days_before, today=clock.today())
    ]
    if rows:
        db.execute(dialect.insert(Reminder).on_conflict_do_nothing(), rows)


def wake(db: Session, party_key: str) -> None:
    """Somebody can now be reached for this party: what nobody was there to hear is due again."""
    db.execute(
        update(Reminder)
        .where(Reminder.party_key == party_key, Reminder.outcome == "nobody_yet", Reminder.deadline >= clock.today())
        .values(due_at=clock.now(), outcome=None)
    )


def due(db: Session, limit: int) -> Sequence[Reminder]:
    """Due reminders, oldest first; on PostgreSQL two workers never take the same row."""
    query = select(Reminder).where(Reminder.due_at <= clock.now()).order_by(Reminder.due_at, Reminder.id).limit(limit)
    if is_postgresql(db):
        query = query.with_for_update(skip_locked=True)
    return db.scalars(query).all()


def _start_of(day: date) -> datetime:
    """The province's midnight: the inbox disturbs nobody, and letters wait for the end of the quiet hours."""
    return datetime.combine(day, time(), tzinfo=clock.zone())
