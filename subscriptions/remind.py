"""Acting on due reminders: the condition is checked again against the source, then the person is told."""

from sqlalchemy.orm import Session

from idp.contract import contacts_of
from kernel.db import transaction
from profiles.contract import certificate_state
from subscriptions import plan
from subscriptions.models.reminder import Reminder
from subscriptions.tell import tell

_BATCH = 100


def remind_due() -> int:
    """Act on everything that is due, in batches of one transaction each. Returns how many rows were settled."""
    settled = 0
    while True:
        with transaction() as db:
            rows = plan.due(db, _BATCH)
            for row in rows:
                row.outcome = _act(db, row)
                row.due_at = None
        settled += len(rows)
        if len(rows) < _BATCH:
            return settled


def _act(db: Session, row: Reminder) -> str:
    state = certificate_state(db, row.subject_id)
    if state is None or state.status != "valid" or state.valid_to != row.deadline:
        return "stale"
    contacts = contacts_of(db, row.party_key)
    if not contacts:
        return "nobody_yet"
    for contact in contacts:
        tell(
            db,
            contact,
            rule=row.rule,
            dedupe_key=f"{row.subject_id}:{row.deadline.isoformat()}:{row.days_before}",
            facts={"name": state.name, "issuer": state.issuer, "valid_to": row.deadline.isoformat()},
            link=f"/me/certificates/{row.subject_id}",
        )
    return "told"
