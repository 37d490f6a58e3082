"""What an operator can set about signing in and about tokens."""

import re
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

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
        "how many more may wait for that; whoever comes then is asked to try again in a moment", 20
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


class PushedRequestSettings(Section):
    pushed_request_seconds: int = setting(
        "a portal's pushed authorization request must be opened in a browser within so many seconds", 90
    )

    @field_validator("pushed_request_seconds")
    @classmethod
    def _short(cls, value: int) -> int:
        if not 5 <= value < 600:  # FAPI 2.0 Security Profile §5.3.2.2
            raise ValueError("must be between 5 and 599")
        return value


class ClientCertificateSettings(Section):
    """Client certificates (RFC 8705), as the proxy that ends TLS hands them on; unset, nothing of it is offered."""

    mtls_certificate_header: str = setting(
        "the header field in which the proxy hands on a client's certificate, empty where it asks for none; the proxy"
        " must remove it from what clients send, and TRUSTED_HOPS must be at least 1",
        "",
    )
    mtls_verified_header: str = setting(
        "the header field that says SUCCESS where the proxy found the certificate signed by an authority it trusts", ""
    )
    mtls_url: str = setting(
        "the address at which the proxy asks clients for certificates, where that is not PUBLIC_URL", ""
    )

    @field_validator("mtls_certificate_header", "mtls_verified_header")
    @classmethod
    def _field_name(cls, name: str) -> str:
        if not re.fullmatch(r"(?:[A-Za-z][A-Za-z0-9-]{0,60})?", name):
            raise ValueError("must be the name of a header field, like X-Client-Cert")
        return name

    @field_validator("mtls_verified_header")
    @classmethod
    def _beside_certificate(cls, name: str, info: ValidationInfo) -> str:
        if name and not info.data.get("mtls_certificate_header", "?"):
            raise ValueError("needs MTLS_CERTIFICATE_HEADER too")
        return name

    @field_validator("mtls_url")
    @classmethod
    def _address(cls, url: str, info: ValidationInfo) -> str:
        if not url:
            return url
        if not info.data.get("mtls_certificate_header", "?"):
            raise ValueError("needs MTLS_CERTIFICATE_HEADER too")
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.path.rstrip("/") or parts.query or parts.username:
            raise ValueError("must begin with https:// and be scheme and host alone, without a path")
        return url.rstrip("/")


class DpopSettings(Section):
    dpop_nonces: Literal["required", "offered"] = setting(
        "whether a proof of possession must hold a value that we gave (required), or may (offered)", "offered"
    )
    dpop_proof_seconds: int = setting("a proof of possession may be so many seconds old", 60)

    @field_validator("dpop_proof_seconds")
    @classmethod
    def _window(cls, value: int) -> int:
        if not 10 <= value <= 300:  # FAPI 2.0 §5.3.2.1 asks for 10
            raise ValueError("must be between 10 and 300")
        return value
