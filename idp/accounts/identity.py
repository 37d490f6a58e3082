"""Names and numbers of persons and bodies, in the one spelling that may be compared."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from kernel import crypto
from kernel.codes import citizen_id, uscc
from kernel.codes.fault import Fault

CITIZEN: Final = "111"  # GB/T 36903 Annex A: citizen ID card
BODY: Final = "001"  # the same: unified social credit code
ID_TYPES: Final = (CITIZEN, BODY)
LONGEST_NAME: Final = 120

# The dot between the parts of Uygur, Kazakh or Tibetan names is typed in many ways; GB/T 2312 keyboards give U+00B7.
_DOTS: Final = re.compile("[\u2022\u2027\u22c5\u30fb\uff0e\uff65\u2024]")
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A right ID number in its one spelling. ``party_key`` is how every package names its owner."""

    id_type: str
    text: str

    @property
    def party_key(self) -> str:
        return crypto.blind_index("party", f"{self.id_type}:{self.text}")


def number(id_type: str, text: str) -> Number | Fault:
    """The number, or what is wrong with it. Full-width digits, spaces and a small x are repaired, check digits checked.

    Types other than citizen ID and credit code are not known yet and are told as a ``ValueError``.
    """
    if id_type == CITIZEN:
        spelled, faults = citizen_id.normalise(text), citizen_id.check(citizen_id.normalise(text))
    elif id_type == BODY:
        spelled, faults = uscc.normalise(text), uscc.check(uscc.normalise(text))
    else:
        raise ValueError(f"ID type {id_type!r} is not one of {', '.join(ID_TYPES)}")
    return faults[0] if faults else Number(id_type=id_type, text=spelled)


def usable_number(id_type: str | None, text: str | None) -> Number | None:
    """The number where it is of a known type and right, None otherwise: what a city sends is not ours to repair."""
    if id_type not in ID_TYPES or not text:
        return None
    found = number(id_type, text)
    return found if isinstance(found, Number) else None


def person_name(text: str) -> str:
    """A name as it is kept: NFC, single spaces, the dot of GB keyboards. Rare characters (CJK extensions) stay."""
    plain = unicodedata.normalize("NFC", text)
    return _SPACES.sub(" ", _DOTS.sub("\u00b7", plain)).strip()[:LONGEST_NAME].strip()


def same_name(one: str, other: str) -> bool:
    """Whether both are one name. Spaces do not count, nor the case of Latin letters; every character does."""
    return _bare(one) == _bare(other) != ""


def _bare(text: str) -> str:
    return _SPACES.sub("", unicodedata.normalize("NFKC", person_name(text))).casefold()
