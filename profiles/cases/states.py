"""Where a case stands, and whose turn it is."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    SUBMITTED = "submitted"
    PRE_CHECKED = "pre_checked"
    SUPPLEMENT_REQUIRED = "supplement_required"
    SUPPLEMENT_RECEIVED = "supplement_received"
    ACCEPTED = "accepted"
    IN_REVIEW = "in_review"
    SPECIAL_PROCEDURE = "special_procedure"
    GRANTED = "granted"
    REFUSED = "refused"
    VOID = "void"
    REMOVED = "removed"
    FORWARDED = "forwarded"
    LAPSED = "lapsed"
    OTHER = "other"
    COLLECTED = "collected"
    UNKNOWN = "unknown"
    """Only materials have been reported: nothing yet tells a state."""


CLOSED: Final = frozenset(
    {
        State.GRANTED,
        State.REFUSED,
        State.VOID,
        State.REMOVED,
        State.FORWARDED,
        State.LAPSED,
        State.OTHER,
        State.COLLECTED,
    }
)


class Turn(StrEnum):
    DEPARTMENT = "department"
    APPLICANT = "applicant"
    THIRD_PARTY = "third_party"
    NOBODY = "nobody"


class Bucket(StrEnum):
    """The chips of the list: what waits for the applicant, what is under way, what is over."""

    TODO = "todo"
    OPEN = "open"
    CLOSED = "closed"


def turn_of(state: State, *, pick_up: bool = False) -> Turn:
    """Whose turn it is; `pick_up`: the applicant fetches the granted paper."""
    if state is State.SUPPLEMENT_REQUIRED or (state is State.GRANTED and pick_up):
        return Turn.APPLICANT
    if state is State.SPECIAL_PROCEDURE:
        return Turn.THIRD_PARTY
    return Turn.NOBODY if state in CLOSED or state is State.UNKNOWN else Turn.DEPARTMENT


def bucket_of(state: State) -> Bucket:
    if state in CLOSED:
        return Bucket.CLOSED
    return Bucket.TODO if state is State.SUPPLEMENT_REQUIRED else Bucket.OPEN
