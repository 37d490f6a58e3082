"""A phone with an authenticator app, for tests."""

from dataclasses import dataclass
from datetime import timedelta

import pyotp

from idp.factors import totp
from idp.models.totp import TotpCredential
from kernel import clock
from kernel.db import transaction


@dataclass(frozen=True, kw_only=True)
class Phone:
    secret: str
    app_id: str | None = None

    def code(self, steps: int = 0) -> str:
        """What it shows now, or so many steps away."""
        return pyotp.TOTP(self.secret).at(clock.now() + timedelta(seconds=30 * steps))

    @property
    def wrong(self) -> str:
        """A code that it shows neither now nor a moment before or after."""
        near = {self.code(steps) for steps in (-2, -1, 0, 1, 2)}
        return next(code for code in (f"{n:06d}" for n in range(100_000, 100_010)) if code not in near)


def enrolled(account_id: str, label: str = "我的手机") -> Phone:
    """An app that the account has had for some time."""
    secret, now = totp.new_secret(), clock.now()
    with transaction() as db:
        row = TotpCredential(
            account_id=account_id, secret=secret, label=label, confirmed_at=now, last_used_at=now - timedelta(days=1)
        )
        db.add(row)
        db.flush()
        return Phone(secret=secret, app_id=row.id)
