"""What a person types to say which account: one field takes a user name, a phone number or an ID number."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.models.account import LoginName
from kernel import crypto, mask
from kernel.codes import citizen_id, uscc

USERNAME: Final = "username"
PHONE: Final = "phone"
ID_NUMBER: Final = "id_number"
LONGEST: Final = 128

_PHONE: Final = re.compile(r"1[3-9][0-9]{9}")
_COUNTRY: Final = re.compile(r"(?:\+|00)86(?=1)")
_BREAKS: Final = re.compile(r"[\s\-]")
# Begins with a letter, so that a user name is never taken for a number; no @, so that nobody takes it for an address.
_USERNAME: Final = re.compile(r"[^\W\d_][\w.\-]{1,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginText:
    """``key`` looks up ``login_name``; ``shown`` is what pages may write; ``text`` is the normalised form."""

    kind: str
    text: str
    key: str
    shown: str


def read(typed: str) -> LoginText:
    """What was typed, sorted by its shape alone: whether such an account exists plays no part."""
    text = unicodedata.normalize("NFKC", typed).strip()
    number = _COUNTRY.sub("", _BREAKS.sub("", text))
    if _PHONE.fullmatch(number):
        return _made(PHONE, number, mask.mask_phone(number))
    number = number.upper()
    if not citizen_id.check(citizen_id.normalise(number)):
        return _made(ID_NUMBER, citizen_id.normalise(number), mask.mask_id(citizen_id.normalise(number)))
    if len(number) == 18 and not uscc.check(number):
        return _made(ID_NUMBER, number, mask.mask_uscc(number))
    return _made(USERNAME, text.casefold(), text[:64])


def taken(db: Session, text: LoginText) -> bool:
    """Whether the text names an account already."""
    return db.scalar(select(LoginName.account_id).where(LoginName.key == text.key)) is not None


def is_username(text: str) -> bool:
    """Whether an account may take this user name."""
    return _USERNAME.fullmatch(unicodedata.normalize("NFKC", text)) is not None and read(text).kind == USERNAME


def _made(kind: str, text: str, shown: str) -> LoginText:
    return LoginText(kind=kind, text=text, key=crypto.blind_index(f"login:{kind}", text), shown=shown)
