"""What an operator can set about registration over HTTP."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import field_validator

from kernel.settings import Section, setting


class RegistrationSettings(Section):
    registration_tries: int = setting("how often one address may call the registration endpoints within a minute", 60)
    trusted_software_issuers: str = setting(
        "whose software statements count: issuer=file of its JWKS, more after commas, or JSON of issuer and JWKS", ""
    )

    @field_validator("registration_tries")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("must be at least 1")
        return value

    @field_validator("trusted_software_issuers")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            found = _issuers(text)
        except (OSError, ValueError):
            raise ValueError("must be issuer=file, or JSON; each JWKS must be there and be JSON") from None
        if not all(isinstance(jwks, dict) and isinstance(jwks.get("keys"), list) for jwks in found.values()):
            raise ValueError("each JWKS must be an object with a list of keys")
        return text

    @property
    def software_issuers(self) -> Mapping[str, Mapping[str, Any]]:
        """The JWKS of each trusted issuer."""
        return _issuers(self.trusted_software_issuers)


@lru_cache(maxsize=4)
def _issuers(text: str) -> Mapping[str, Mapping[str, Any]]:
    if not text:
        return {}
    if text.startswith("{"):
        found: Mapping[str, Mapping[str, Any]] = json.loads(text)
        return found
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    return {issuer: json.loads(Path(file).read_text(encoding="utf-8")) for issuer, _, file in pairs}
