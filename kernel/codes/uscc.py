"""The unified social credit code (统一社会信用代码), GB 32100-2015, around an organisation code, GB 11714-1997."""

import re
from typing import Final

from flask_babel import lazy_gettext as _

from kernel.codes.fault import Fault, plain

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SHAPE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_ORG_VALUES: Final = {c: v for v, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_ORG_CHECKS: Final = "0123456789X"

_LENGTH: Final = Fault(
    code="uscc_shape",
    message=_("统一社会信用代码应为18位数字或大写字母，不含I、O、S、V、Z"),
    remedy=_("核对代码是否缺位，字母O、I是否应为数字0、1"),
)
_CHECK: Final = Fault(
    code="uscc_check_character",
    message=_("统一社会信用代码的校验码不对"),
    remedy=_("对照营业执照或登记证书逐位核对"),
)
_ORG: Final = Fault(
    code="uscc_organisation_code",
    message=_("统一社会信用代码第9至17位不是正确的组织机构代码"),
    remedy=_("向登记机关核对该代码"),
)

FAULTS: Final = (_LENGTH, _CHECK, _ORG)
"""Everything `check` can tell."""


def normalise(text: str) -> str:
    """Upper case, half-width, without spaces and hyphens."""
    return plain(text).replace("-", "")


def check_character(body: str) -> str:
    """The 18th character for the first 17 (modulus 31, weights 3^i mod 31)."""
    total = sum(w * _VALUES[c] for w, c in zip(_WEIGHTS, body, strict=True))
    return ALPHABET[-total % 31]


def check(code: str) -> tuple[Fault, ...]:
    """Faults of a normalised code: shape, check character."""
    if not (code.isascii() and _SHAPE.fullmatch(code)):
        return (_LENGTH,)
    if check_character(code[:17]) != code[17]:
        return (_CHECK,)
    return ()


def remarks(code: str) -> tuple[Fault, ...]:
    """What is odd about a code that `check` passes: its inner organisation code does not add up."""
    return () if organisation_check(code[8:16]) == code[16] else (_ORG,)


def organisation_check(body: str) -> str:
    """The 9th character of an organisation code for its first 8 (GB 11714: 10 is written X, 11 is 0)."""
    return _ORG_CHECKS[-sum(w * _ORG_VALUES[c] for w, c in zip(_ORG_WEIGHTS, body, strict=True)) % 11]
