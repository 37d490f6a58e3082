"""Settings of reminders and messages."""

from pathlib import Path

from pydantic import SecretStr, field_validator

from kernel.settings import Section, setting

_SCHEMES = ("smtp://", "smtp+starttls://", "smtps://")


class SubscriptionsSettings(Section):
    """How people are reached. Hours are of the province's own clock."""

    smtp_url: SecretStr | None = setting(
        "the mail server: smtp://[user:password@]host[:25], smtp+starttls://…[:587] or smtps://…[:465]", None
    )
    mail_from: str = setting("the sender of mail", "Kapok <no-reply@kapok.invalid>")
    mail_folder: Path | None = setting(
        "a folder that mail is written into instead of being sent (demo mode: mail/ in the instance folder)", None
    )
    quiet_from: int = setting("the hour from which only urgent mail leaves", 22)
    quiet_until: int = setting("the hour from which mail leaves again", 8)

    @field_validator("smtp_url")
    @classmethod
    def _scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(_SCHEMES):
            raise ValueError("must begin with " + ", ".join(_SCHEMES))
        return value

    @field_validator("quiet_from", "quiet_until")
    @classmethod
    def _hour(cls, value: int) -> int:
        if not 0 <= value <= 23:
            raise ValueError("must be an hour from 0 to 23")
        return value
