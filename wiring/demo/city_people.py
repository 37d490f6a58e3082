"""The directory of the demo city as LDIF (RFC 2849), readable by the demo city and by any LDAP server."""

import base64
import hashlib
import uuid
from collections.abc import Iterable

from wiring.demo.people import Person

BASE = "dc=shenzhen,dc=example"


def ldif(people: Iterable[Person], password: str) -> str:
    """Entries of inetOrgPerson under `ou=people`; entryUUID follows from the login, so that links survive a reset."""
    blocks = [_entry(f"ou=people,{BASE}", {"objectClass": ["organizationalUnit"], "ou": ["people"]})]
    blocks += [
        _entry(
            f"uid={person.login},ou=people,{BASE}",
            {
                "objectClass": ["inetOrgPerson"],
                "uid": [person.login],
                "cn": [person.name],
                "sn": [person.name[0]],
                "employeeNumber": [person.number],
                "mail": [person.email],
                "mobile": [person.phone],
                "userPassword": [_ssha(password, person.login)],
                "entryUUID": [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{person.login}.shenzhen.example"))],
            },
        )
        for person in people
    ]
    return "version: 1\n\n" + "\n".join(blocks)


def _entry(dn: str, attributes: dict[str, list[str]]) -> str:
    lines = [_line("dn", dn)]
    lines += [_line(name, value) for name, values in attributes.items() for value in values]
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    if value.isascii() and value[:1] not in {" ", ":", "<"} and not value.endswith(" "):
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def _ssha(password: str, salt: str) -> str:
    """RFC 2307 style salted SHA-1: what such directories still hold; Kapok itself stores Argon2id."""
    seed = salt.encode()
    digest = hashlib.sha1(password.encode() + seed).digest()  # noqa: S324
    return "{SSHA}" + base64.b64encode(digest + seed).decode()
