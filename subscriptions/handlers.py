"""What subscriptions do when something happened below; each runs in one transaction with its receipt."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from idp.contract import contact_of, contacts_of
from idp.events import ApprovalAsked, FactorChanged, IdentityVerified
from kernel import clock
from kernel.outbox import Handler
from profiles.events import CertificateRecorded, SupplementAsked
from subscriptions import plan
from subscriptions.tell import tell

_NEWS = timedelta(days=30)


def certificate_recorded(db: Session, event: CertificateRecorded) -> None:
    """Plan the reminders of a certificate; one that is no longer valid has none."""
    deadline = event.valid_to if event.status == "valid" else None
    plan.replan(
        db,
        rule="certificate_expiry",
        subject_id=event.certificate_id,
        party_key=event.party_key,
        deadline=deadline,
    )


def supplement_asked(db: Session, event: SupplementAsked) -> None:
    """Tell the applicant at once, once for each request; history that is reported today is no news."""
    if event.happened_at < clock.now() - _NEWS or (event.due and event.due < clock.today()):
        return
    facts = {"title": event.title}
    if event.due:
        facts["due"] = event.due.isoformat()
    for contact in contacts_of(db, event.party_key):
        tell(
            db,
            contact,
            rule="supplement_asked",
            dedupe_key=f"{event.case_id}:{event.happened_at.isoformat()}",
            facts=facts,
            link=f"/me/cases/{event.case_id}",
        )


def identity_verified(db: Session, event: IdentityVerified) -> None:
    """Reminders of a person who had no account until now."""
    plan.wake(db, event.party_key)


def approval_asked(db: Session, event: ApprovalAsked) -> None:
    """Tell the person that a portal waits for their word; too late it is no news."""
    contact = contact_of(db, event.account_id)
    if contact is None or event.ends <= clock.now():
        return
    facts = {"portal": event.portal, "until": event.ends.isoformat()}
    if event.message:
        facts["message"] = event.message
    tell(
        db,
        contact,
        rule="approval_asked",
        dedupe_key=event.request_id,
        facts=facts,
        link=f"/approvals/{event.request_id}",
    )


def factor_changed(db: Session, event: FactorChanged) -> None:
    """Tell the person at once that signing in has changed: whoever has the password and a session may have done it."""
    contact = contact_of(db, event.account_id)
    if contact is None or (event.by == "operator" and event.left):  # an operator takes all away: that is one message
        return
    tell(
        db,
        contact,
        rule="factor_changed",
        dedupe_key=f"{event.authenticator}:{event.change}",
        facts={"change": event.change, "by": event.by, "left": str(event.left)},
        link="/account/two-step",
    )


HANDLERS: tuple[Handler[Any], ...] = (
    Handler(name="subscriptions.certificate_recorded", event=CertificateRecorded, run=certificate_recorded),
    Handler(name="subscriptions.supplement_asked", event=SupplementAsked, run=supplement_asked),
    Handler(name="subscriptions.approval_asked", event=ApprovalAsked, run=approval_asked),
    Handler(name="subscriptions.factor_changed", event=FactorChanged, run=factor_changed),
    Handler(name="subscriptions.identity_verified", event=IdentityVerified, run=identity_verified),
)
