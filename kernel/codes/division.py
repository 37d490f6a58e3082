"""Division codes (行政区划代码), GB/T 2260 (6 digits), with GB/T 10114's town (9) and village (12).

Codes in records are as old as the record: an unknown one is not wrong. Names are known for Guangdong's cities.
"""

import re
from typing import Final

from flask_babel import lazy_gettext as _

from kernel.codes.fault import Fault, plain

_SHAPE: Final = re.compile(r"[1-9][0-9]{5}([0-9]{3}|[0-9]{6})?")

CITIES: Final = {
    "440100": "广州市",
    "440200": "韶关市",
    "440300": "深圳市",
    "440400": "珠海市",
    "440500": "汕头市",
    "440600": "佛山市",
    "440700": "江门市",
    "440800": "湛江市",
    "440900": "茂名市",
    "441200": "肇庆市",
    "441300": "惠州市",
    "441400": "梅州市",
    "441500": "汕尾市",
    "441600": "河源市",
    "441700": "阳江市",
    "441800": "清远市",
    "441900": "东莞市",
    "442000": "中山市",
    "445100": "潮州市",
    "445200": "揭阳市",
    "445300": "云浮市",
}

_LENGTH: Final = Fault(
    code="division_shape",
    message=_("行政区划代码应为6、9或12位数字"),
    remedy=_("按GB/T 2260填写，县级以下在后面续编"),
)

FAULTS: Final = (_LENGTH,)
"""Everything `check` can tell."""


def normalise(text: str) -> str:
    """Digits only in 6, 9 or 12 places; trailing zeros of a 12-digit county code are cut."""
    code = plain(text)
    return code[:6] if len(code) in {9, 12} and not code[6:].strip("0") else code


def check(code: str) -> tuple[Fault, ...]:
    return () if code.isascii() and _SHAPE.fullmatch(code) else (_LENGTH,)


def city(code: str) -> str | None:
    """The Guangdong city that a code lies in, None elsewhere; 省直辖 counties have no city."""
    return CITIES.get(f"{code[:4]}00")
