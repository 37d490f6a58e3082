"""The people of the demo city, read from an LDIF file (RFC 2849) of inetOrgPerson entries."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """``sub`` never changes (entryUUID); ``level`` is the city's own word for how the person was verified."""

    uid: str
    sub: str
    name: str
    number: str
    email: str
    phone: str
    level: str
    password: str


class People:
    """Everybody with an account, by login name."""

    def __init__(self, path: Path, *, level: str) -> None:
        entries = _entries(path.read_text(encoding="utf-8"))
        people = [_person(entry, level) for entry in entries if "uid" in entry and "userpassword" in entry]
        self._by_uid = {person.uid: person for person in people}
        self._by_sub = {person.sub: person for person in people}

    def by_sub(self, sub: str) -> Person | None:
        return self._by_sub.get(sub)

    def check(self, uid: str, password: str) -> Person | None:
        """Who it is, if the password is right; an unknown name takes as long as a wrong password."""
        person = self._by_uid.get(uid.strip().lower())
        right = _matches(person.password if person else "{SSHA}" + "A" * 40, password)
        return person if right else None


def _person(entry: dict[str, str], level: str) -> Person:
    return Person(
        uid=entry["uid"].lower(),
        sub=entry["entryuuid"],
        name=entry["cn"],
        number=entry.get("employeenumber", ""),
        email=entry.get("mail", ""),
        phone=entry.get("mobile", ""),
        level=entry.get("employeetype", level),
        password=entry["userpassword"],
    )


def _entries(text: str) -> Iterator[dict[str, str]]:
    """Records as first values by lower-case attribute name; a line that begins with a space continues the last."""
    for record in text.replace("\r\n", "\n").split("\n\n"):
        entry: dict[str, str] = {}
        for line in record.replace("\n ", "").splitlines():
            name, colon, value = line.partition(":")
            if not colon or line.startswith("#"):
                continue
            plain = base64.b64decode(value[1:]).decode() if value.startswith(":") else value.strip()
            entry.setdefault(name.strip().lower(), plain)
        if entry:
            yield entry


def _matches(stored: str, password: str) -> bool:
    """Plain or ``{SSHA}`` (salted SHA-1): what directories of such age hold. Kapok itself stores Argon2id."""
    if not stored.startswith("{SSHA}"):
        return hmac.compare_digest(stored.encode(), password.encode())
    known = base64.b64decode(stored.removeprefix("{SSHA}"))
    digest, salt = known[:20], known[20:]
    return hmac.compare_digest(hashlib.sha1(password.encode() + salt).digest(), digest)  # noqa: S324
