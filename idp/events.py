"""What happens in idp that others may want to know: delivered through the outbox, at least once, in any order."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from kernel.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """A person signed in. ``method`` is ``password`` or ``city``; ``source`` names the city's source for the latter."""

    event_name: ClassVar[str] = "idp.signed_in"
    account_id: str
    session_id: str
    method: str
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLinked(Event):
    """A city's account now signs in to this account. ``party_key`` is None while the person is not identified."""

    event_name: ClassVar[str] = "idp.account_linked"
    account_id: str
    party_key: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked(Event):
    """A portal asks a person who is not at it to approve something until ``ends`` (CIBA).

    ``message`` is what the portal shows or says on its side, for the person to compare.
    """

    event_name: ClassVar[str] = "idp.approval_asked"
    request_id: str
    account_id: str
    portal: str
    ends: datetime
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityVerified(Event):
    """It is now certain which party an account belongs to: an ID number and a name, vouched for at level 3 or above."""

    event_name: ClassVar[str] = "idp.identity_verified"
    account_id: str
    party_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorChanged(Event):
    """A second step of the sign-in was added to the account or taken away.

    ``factor`` is its name, ``change`` is ``added`` or ``removed``, ``by`` is ``self`` or ``operator``.
    ``authenticator`` is the one that came or went, ``left`` how many there are now: none means that it is closed.
    """

    event_name: ClassVar[str] = "idp.factor_changed"
    account_id: str
    factor: str
    change: str
    by: str
    authenticator: str
    left: int
