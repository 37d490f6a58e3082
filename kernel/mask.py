"""Show who or what is meant without giving it away.

The number of asterisks is fixed, so that a mask does not tell the length of what it hides. Every function
takes None for "not known" and answers an empty string then; each is a Jinja filter of its own name
(``kernel.format.install``).
"""

import re

STREET = re.compile(r"^.*?(?:街道|(?<!景德)镇|乡)")
DISTRICT = re.compile(r"^.*?(?:区|县|市(?!.*[区县]))")


def mask_id(number: str | None) -> str:
    """A citizen's ID number (GB 11643): the first 6 and the last 4, ``440606********0026``."""
    return _ends(_compact(number), 6, 4, stars=8)


def mask_uscc(code: str | None) -> str:
    """A unified social credit code (GB 32100): the first 10 and the last 4, ``91440606MA****6T4N``."""
    return _ends(_compact(code), 10, 4, stars=4)


def mask_phone(number: str | None) -> str:
    """A telephone number: the first 3 and the last 4, ``138****6620``; +86 before a mobile is left out."""
    digits = _compact(number)
    return _ends(re.sub(r"^(?:\+|00)86(?=1\d{10}$)", "", digits), 3, 4, stars=4)


def mask_number(number: str | None) -> str:
    """Any other number, such as a certificate's: at most 4 at each end, never more than half of it in all."""
    text = _compact(number)
    shown = min(4, len(text) // 4)
    return _ends(text, shown, shown, stars=4)


def mask_name(name: str | None) -> str:
    """A person's name as others see it: the first character, ``陈**``."""
    text = (name or "").strip()
    return text and f"{text[0]}**"


def mask_address(address: str | None) -> str:
    """An address down to its street or town (街道、镇、乡); where none is named, to its district."""
    text = (address or "").strip()
    found = STREET.match(text) or DISTRICT.match(text)
    return text and f"{found.group() if found else text[:2]}****"


def mask_email(address: str | None) -> str:
    """A mail address: the first character and the domain, ``c****@example.org``."""
    local, at, domain = (address or "").strip().rpartition("@")
    return f"{local[:1]}****@{domain}" if at else mask_number(address)


def _compact(text: str | None) -> str:
    return re.sub(r"[\s-]", "", text or "")


def _ends(text: str, head: int, tail: int, *, stars: int) -> str:
    """Both ends of ``text``; one that is too short to hide anything between them is hidden altogether."""
    if not text:
        return ""
    if len(text) < head + tail + stars // 2:
        head = tail = 0
    return f"{text[:head]}{'*' * stars}{text[len(text) - tail :]}"
