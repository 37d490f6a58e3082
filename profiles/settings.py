"""What an operator can set about departments' reporting."""

from pydantic import field_validator

from kernel.settings import Section, setting


class ProfilesSettings(Section):
    feed_batches_per_minute: int = setting("batches that one department may send in a minute", 120)

    @field_validator("feed_batches_per_minute")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("must be at least 1")
        return value
