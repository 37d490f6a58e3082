"""A letter as an RFC 5322 message."""

from datetime import UTC
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from kernel import clock, settings
from subscriptions.channel import Letter
from subscriptions.settings import SubscriptionsSettings


def compose(letter: Letter) -> EmailMessage:
    """The Message-ID carries our reference, so that a far end can recognise a repeat.

    A line break in a subject would start a header of its own; the policy refuses one, so names are flattened first.
    """
    name, sender = parseaddr(settings.of(SubscriptionsSettings).mail_from)
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = " ".join(letter.subject.split())
    message["From"] = Address(display_name=name, addr_spec=sender)
    message["To"] = Address(addr_spec=letter.address)
    message["Date"] = format_datetime(clock.now().astimezone(UTC))
    message["Message-ID"] = f"<{letter.reference}@kapok>"
    message["Content-Language"] = letter.locale.replace("_", "-")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies to a machine
    message.set_content(letter.text)
    return message
