"""E-mail: by the configured server, or into the demo's folder."""

from kernel import settings
from subscriptions.channel import Letter, Outcome, Result
from subscriptions.mail import folder, smtp
from subscriptions.settings import SubscriptionsSettings


class Email:
    name = "email"

    def ready(self) -> bool:
        return bool(settings.of(SubscriptionsSettings).smtp_url) or folder.place() is not None

    def send(self, letter: Letter) -> Result:
        place = folder.place()
        if place is not None:
            return folder.send(place, letter)
        url = settings.of(SubscriptionsSettings).smtp_url
        if url is None:
            return Result(outcome=Outcome.NOT_SENT, problem="no mail server is configured")
        return smtp.send(smtp.server(url.get_secret_value()), letter)

    def find(self, reference: str) -> Outcome:
        """SMTP has no way to ask; the inbox holds the copy, so a letter of unknown fate is not sent twice."""
        place = folder.place()
        return folder.find(place, reference) if place is not None else Outcome.UNKNOWN


plugin = Email()
