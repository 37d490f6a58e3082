"""Codes of authenticator apps: RFC 6238 as every app speaks it, SHA-1, six digits, thirty seconds."""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import pyotp
from flask_babel import lazy_gettext as _

from idp.factor import Proof
from kernel import clock, crypto
from kernel.errors import Invalid

SECONDS: Final = 30
WINDOW: Final = 1  # RFC 6238 §5.2: one step for a slow hand, and one for a phone whose clock goes ahead
SECRET_LENGTH: Final = 32  # base32, 160 bits as RFC 4226 §4 (R6) recommends
_CODE: Final = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    return pyotp.random_base32(SECRET_LENGTH)


def address(secret: str, *, account: str, issuer: str) -> str:
    """What the app reads out of the picture (an ``otpauth`` URI)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


class Totp:
    name = "totp"
    title = _("身份验证器")
    template = "idp/factors/totp.html"
    amr = ("otp",)
    level = 3  # two factors, none of them bound to the person by a document
    begins = False

    def answer(self, form: Mapping[str, str]) -> str:
        code = "".join(unicodedata.normalize("NFKC", form.get("code", "")).split())
        if not _CODE.fullmatch(code):
            raise Invalid({"code": _("请输入身份验证器现在显示的6位数字")})
        return code

    def room(self) -> AbstractContextManager[None]:
        return nullcontext()

    def prove(self, enrolled: str | None, answer: str) -> Proof:
        codes = pyotp.HOTP(enrolled or new_secret())
        now = int(clock.now().timestamp()) // SECONDS
        steps = range(now - WINDOW, now + WINDOW + 1)
        fitting = [step for step in steps if crypto.same(codes.at(step), answer)]
        right = bool(fitting) and enrolled is not None
        return Proof(right=right, step=fitting[-1] if right else None)


plugin = Totp()
