"""Whom a record is about: a person by citizen ID, an enterprise by USCC, or another document as it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kernel import mask
from kernel.codes import citizen_id, uscc
from kernel.codes.fault import plain
from kernel.crypto import blind_index
from profiles.feeds.reading import Reading

CITIZEN: Final = "111"
USCC: Final = "001"
_TYPES: Final = {
    "111": CITIZEN,
    "居民身份证": CITIZEN,
    "身份证": CITIZEN,
    "公民身份号码": CITIZEN,
    "idcard": CITIZEN,
    "citizen_id": CITIZEN,
    "001": USCC,
    "统一社会信用代码": USCC,
    "uscc": USCC,
    "114": "114",
    "军官证": "114",
    "414": "414",
    "护照": "414",
    "passport": "414",
    "511": "511",
    "516": "516",
}
"""Annex A of GB/T 36903, and the words that are written instead. Other codes differ by system: the number decides."""
_USCC_LENGTH: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A party as a record names it. `name_rank`: 0 for a name out of a case, 1 out of a certificate."""

    party_key: str
    kind: str
    id_type: str
    number: str
    name: str | None = None
    name_rank: int = 0
    name_as_of: datetime | None = None

    @property
    def masked(self) -> str:
        return mask.mask_uscc(self.number) if self.id_type == USCC else mask.mask_id(self.number)


def party_key(id_type: str, number: str) -> str:
    """The key under which a party is found, from a normalised number."""
    return blind_index("party", f"{id_type}:{number}")


def identify(reading: Reading, number_column: str, type_column: str, kind_column: str | None = None) -> Subject | None:
    """The party that a record names, or None when its number is wrong: the record is then refused.

    The declared type is believed where it is a national code; otherwise the number decides, and the kind of
    applicant (SQRLX 1 person, 2 enterprise) where both are possible.
    """
    sent = reading.text(number_column, most=64, required=True)
    if sent is None:
        return None
    number = plain(sent)
    id_type = _TYPES.get((reading.text(type_column) or "").casefold())
    kind = reading.text(kind_column) if kind_column else None
    if id_type is None:
        id_type = _guess(number, enterprise=kind in {"2", "企业", "法人", "enterprise"})
    if id_type == CITIZEN:
        number = citizen_id.normalise(sent)
        faults = citizen_id.check(number)
    elif id_type == USCC:
        number = uscc.normalise(sent)
        faults = uscc.check(number)
        for remark in () if faults else uscc.remarks(number):
            reading.note(remark.code, number_column)
    else:
        faults = ()
    for fault in faults:
        reading.refuse(fault.code, number_column)
    if faults:
        return None
    return Subject(
        party_key=party_key(id_type, number),
        kind="enterprise" if id_type == USCC else "person",
        id_type=id_type,
        number=number,
    )


def _guess(number: str, *, enterprise: bool) -> str:
    if enterprise:
        return USCC
    looks_like_uscc = len(number) == _USCC_LENGTH and (
        number[0] == "9" or not number[:17].isdigit() or (citizen_id.check(number) and not uscc.check(number))
    )
    return USCC if looks_like_uscc else CITIZEN
