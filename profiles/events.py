"""What happens in profiles that others may want to know: delivered through the outbox, in any order.

Ids, codes and titles only: whoever needs a value asks for it, and leaves a line in the access log.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from kernel.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChanged(Event):
    """A case has another state than before. `state` is one of `profiles.cases.states.State`."""

    event_name: ClassVar[str] = "profiles.case_changed"
    case_id: str
    party_key: str
    state: str
    title: str
    case_no: str
    due: date | None = None
    happened_at: datetime
    """Business time of the newest event: what happened long ago is no news although it is reported today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplementAsked(Event):
    """A department asks the applicant for materials, until `due` where it said so."""

    event_name: ClassVar[str] = "profiles.supplement_asked"
    case_id: str
    party_key: str
    title: str
    case_no: str
    due: date | None = None
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRecorded(Event):
    """A certificate is new, or its name, validity or status changed. `status` as reported, lapse by date apart."""

    event_name: ClassVar[str] = "profiles.certificate_recorded"
    certificate_id: str
    party_key: str
    name: str
    number_masked: str
    issuer: str
    valid_to: date | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedBatchDone(Event):
    """Every record of a batch has been interpreted and has its answer."""

    event_name: ClassVar[str] = "profiles.feed_batch_done"
    batch_id: str
    department_id: str
    family: str
    total: int
    accepted: int
    with_findings: int
    refused: int
    duplicates: int
