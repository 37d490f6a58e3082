"""The identifier of an electronic certificate (电子证照标识), GB/T 36904-2018.

`1.2.156.3005.2 . type 21 . issuer . serial . version 3 . check`. In the wild the issuer is sometimes a
division code, and one vendor computes the check with an alphabet of its own: a wrong check is a remark
about quality, never a reason to lose a certificate.
"""

import re
from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _

from kernel.codes.fault import Fault, plain

ROOT: Final = "1.2.156.3005.2"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_SHAPE: Final = re.compile(
    r"(?P<type>[0-9A-Z]{21})\.(?P<issuer>[0-9A-Z]{6,18})\.(?P<serial>[0-9A-Z._]+)\.(?P<version>[0-9]{3})"
    r"\.(?P<check>[0-9A-Z])"
)

_LENGTH: Final = Fault(
    code="certificate_id_shape",
    message=_("电子证照标识的结构不对：应为类型代码21位、颁发机构代码、流水号、版本号3位、校验位，以点分隔"),
    remedy=_("按GB/T 36904从证照系统原样取出标识"),
)
_CHECK: Final = Fault(
    code="certificate_id_check_character",
    message=_("电子证照标识的校验位不对"),
    remedy=_("请证照系统按GB/T 36904（ISO 7064 MOD 37,36）重新计算校验位"),
)

FAULTS: Final = (_LENGTH, _CHECK)
"""Everything `check` can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    type: str
    issuer: str
    serial: str
    version: int
    check: str

    @property
    def stem(self) -> str:
        """What all versions of one certificate share."""
        return f"{self.type}.{self.issuer}.{self.serial}"


def normalise(text: str) -> str:
    """Upper case with the root; lower case and a missing root are accepted."""
    identifier = plain(text)
    return identifier if not identifier or identifier.startswith(f"{ROOT}.") else f"{ROOT}.{identifier}"


def parts(identifier: str) -> Parts | None:
    """The parts of a normalised identifier; None when it has another structure."""
    found = _SHAPE.fullmatch(identifier.removeprefix(f"{ROOT}."))
    if found is None:
        return None
    return Parts(
        type=found["type"],
        issuer=found["issuer"],
        serial=found["serial"],
        version=int(found["version"]),
        check=found["check"],
    )


def check_character(body: str) -> str:
    """ISO 7064 MOD 37,36 over everything between root and check, without `.` and `_`."""
    product = 36
    for character in body.replace(".", "").replace("_", ""):
        product = ((product + _VALUES[character]) % 36 or 36) * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def check(identifier: str) -> tuple[Fault, ...]:
    """Faults of a normalised identifier: structure, check character."""
    found = parts(identifier)
    if found is None:
        return (_LENGTH,)
    body = identifier.removeprefix(f"{ROOT}.")[:-2]
    return () if check_character(body) == found.check else (_CHECK,)
