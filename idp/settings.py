"""What an operator can set about signing in and about tokens."""

from datetime import timedelta

from pydantic import ValidationInfo, field_validator

from kernel.settings import Section, setting


class SignInSettings(Section):
    session_idle_minutes: int = setting("a session ends after so many minutes without use", 15)
    session_idle_minutes_elder: int = setting("the same for people who use the large and simple view", 30)
    session_hours: int = setting("a session ends after so many hours however much it is used", 12)
    password_hashes_at_once: int = setting(
        "how many passwords one process checks at the same time; one keeps a core free for everything else", 1
    )
    password_queue: int = setting(
        "how many more may wait for that; whoever comes then is asked to try again in a moment", 6
    )
    login_tries: int = setting("wrong passwords for one account from one address or device before a pause", 6)
    login_tries_everywhere: int = setting(
        "wrong passwords for one account from all unknown devices within an hour before a pause for these", 30
    )
    login_tries_address: int = setting("wrong passwords from one address, whatever the account, before a pause", 200)
    login_pause_minutes: int = setting("how long such a pause lasts", 15)

    @field_validator("*")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("must be at least 1")
        return value

    @property
    def absolute_life(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def login_pause(self) -> timedelta:
        return timedelta(minutes=self.login_pause_minutes)

    @property
    def longest_idle(self) -> timedelta:
        return timedelta(minutes=max(self.session_idle_minutes, self.session_idle_minutes_elder))


class TokenSettings(Section):
    code_seconds: int = setting("an authorization code is good for so many seconds", 60)
    access_token_seconds: int = setting("an access token is good for so many seconds", 600)
    id_token_seconds: int = setting("an ID token is good for so many seconds", 3600)
    refresh_days: int = setting("a refresh token's family ends after so many days however much it is used", 30)
    refresh_idle_days: int = setting("a refresh token ends after so many days without use", 7)
    refresh_grace_seconds: int = setting(
        "for so many seconds a refresh token that was just used gets its successor once more; 0 for never", 10
    )
    key_rotation_days: int = setting("signing keys are replaced after so many days; 0 for by command only", 90)

    @field_validator("*")
    @classmethod
    def _sensible(cls, value: int, info: ValidationInfo) -> int:
        if value < 0 or (value == 0 and info.field_name not in {"refresh_grace_seconds", "key_rotation_days"}):
            raise ValueError("must be at least 1")
        return value

    @field_validator("code_seconds")
    @classmethod
    def _short(cls, value: int) -> int:
        if value > 600:  # RFC 6749 §4.1.2
            raise ValueError("must be at most 600")
        return value

    @property
    def code_life(self) -> timedelta:
        return timedelta(seconds=self.code_seconds)

    @property
    def access_life(self) -> timedelta:
        return timedelta(seconds=self.access_token_seconds)

    @property
    def refresh_life(self) -> timedelta:
        return timedelta(days=self.refresh_days)

    @property
    def refresh_idle(self) -> timedelta:
        return timedelta(days=self.refresh_idle_days)

    @property
    def longest_signed(self) -> timedelta:
        """The longest life of anything signed with our keys."""
        return timedelta(seconds=max(self.access_token_seconds, self.id_token_seconds))

    @property
    def key_rotation(self) -> timedelta | None:
        return timedelta(days=self.key_rotation_days) if self.key_rotation_days else None

    @property
    def refresh_grace(self) -> timedelta:
        return timedelta(seconds=self.refresh_grace_seconds)
