"""The citizen ID number (公民身份号码), GB 11643-1999.

The first six digits are the division at the time of issue: historic GB/T 2260, so they are never compared
with today's list. Residence permits of Hong Kong, Macao and Taiwan (81–83) and the permanent residence card
of foreigners (9, form of 2023) follow the same rules.
"""

import re
from datetime import date
from typing import Final, Literal

from flask_babel import lazy_gettext as _

from kernel import clock
from kernel.codes.fault import Fault, plain

_SHAPE: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_OLD_SHAPE: Final = re.compile(r"[1-9][0-9]{14}")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"

_LENGTH: Final = Fault(
    code="citizen_id_shape",
    message=_("身份证号码应为18位：前17位数字，最后一位数字或X"),
    remedy=_("核对号码是否缺位、多位，表格软件是否把它变成了数值"),
)
_BIRTH: Final = Fault(
    code="citizen_id_birth_date",
    message=_("身份证号码第7至14位不是一个过去的日期"),
    remedy=_("对照证件核对出生日期的8位数字"),
)
_CHECK: Final = Fault(
    code="citizen_id_check_digit",
    message=_("身份证号码的校验码不对"),
    remedy=_("对照证件逐位核对，多半有一位抄错"),
)

FAULTS: Final = (_LENGTH, _BIRTH, _CHECK)
"""Everything `check` can tell."""


def normalise(text: str) -> str:
    """18 characters in upper case; a 15-digit number of the first generation becomes its 18-digit form."""
    number = plain(text).replace("-", "")
    if _OLD_SHAPE.fullmatch(number):
        number = f"{number[:6]}19{number[6:]}"
        number += check_digit(number)
    return number


def check_digit(body: str) -> str:
    """The 18th character for the first 17 digits (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(w * int(d) for w, d in zip(_WEIGHTS, body, strict=True)) % 11]


def check(number: str) -> tuple[Fault, ...]:
    """Faults of a normalised number: shape, a birth date that exists and is past, check digit."""
    if not (number.isascii() and _SHAPE.fullmatch(number)):
        return (_LENGTH,)
    birth = _date(number[6:14])
    if birth is None or birth > clock.today():
        return (_BIRTH,)
    if check_digit(number[:17]) != number[17]:
        return (_CHECK,)
    return ()


def birth_date(number: str) -> date:
    """The birth date that a right number carries; ValueError for a wrong one."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex(number: str) -> Literal["male", "female"]:
    """The sex that a right number carries: the 17th digit is odd for men."""
    return "male" if int(number[16]) % 2 else "female"


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
