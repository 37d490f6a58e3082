"""The code of a service item: 实施编码 (31) and 业务办理项编码 (33).

USCC of the implementing body 18, level 1, base code 12 (province 2, type 2, main item 5, sub-item 3), and two
more digits for a way of handling. Only what is known of the structure is checked; the province's older code
(DB44/T 1148-2013) has no published structure and stays opaque.
"""

import re
from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _

from kernel.codes import uscc
from kernel.codes.fault import Fault, plain

TYPES: Final = frozenset({"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "20"})
"""GB/T 39046 Annex A: 01 licence, 02 penalty, … 07 confirmation, 08 award, 10 other, 20 public service."""
LICENCE: Final = "01"
LEVELS: Final = "1234567"
"""1 national, 2 province, 3 city, 4 county, 5 town, 6 village, 7 shared."""
_SHAPE: Final = re.compile(r"[0-9A-Z]{19}[0-9]{12}([0-9]{2})?")

_LENGTH: Final = Fault(
    code="item_code_shape",
    message=_("事项编码应为31位（实施编码）或33位（业务办理项编码）"),
    remedy=_("从事项目录系统复制编码，不要自行拼接"),
)
_BODY: Final = Fault(
    code="item_code_body",
    message=_("事项编码前18位不是正确的统一社会信用代码"),
    remedy=_("核对实施主体的统一社会信用代码"),
)
_PARTS: Final = Fault(
    code="item_code_parts",
    message=_("事项编码的层级（第19位）或事项类型（第22、23位）不在国家标准的代码表内"),
    remedy=_("从事项目录系统复制编码"),
)

FAULTS: Final = (_LENGTH, _BODY, _PARTS)
"""Everything `check` can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    body: str
    level: str
    base: str
    type: str
    handling: str
    """The last two digits of a 33-digit code, otherwise empty."""


def normalise(text: str) -> str:
    return plain(text)


def parts(code: str) -> Parts | None:
    """The parts of a well-formed code; None for every other code, the older ones included."""
    if not (code.isascii() and _SHAPE.fullmatch(code)):
        return None
    return Parts(body=code[:18], level=code[18], base=code[19:31], type=code[21:23], handling=code[31:])


def check(code: str) -> tuple[Fault, ...]:
    """Faults of a normalised code: shape, the body's USCC, level and type."""
    found = parts(code)
    if found is None:
        return (_LENGTH,)
    faults: tuple[Fault, ...] = (_BODY,) if uscc.check(found.body) else ()
    if found.level not in LEVELS or found.type not in TYPES:
        faults += (_PARTS,)
    return faults
