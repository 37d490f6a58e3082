"""Something held that answers a need: what the person is shown is what the portal gets."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from flask_babel import gettext

from kernel import clock
from kernel.format import full_date
from kernel.i18n import counted
from profiles.certificates.read import CertificateLine
from profiles.facts import FactValue
from profiles.labels import field_label
from profiles.wording import certificate_valid

_: Callable[..., str] = gettext
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A candidate. ``content`` is what would be sent, ``rows`` the same for the eye: (label, value).

    ``refusal`` says in words why it cannot be used; ``note`` what the person should know although it can.
    """

    kind: Literal["certificate", "field"]
    ref: str
    """The certificate's id, or the field's name."""
    title: str
    rows: tuple[tuple[str, str], ...]
    content: Json
    source: str
    as_of: datetime
    valid: str = ""
    refusal: str | None = None
    note: str | None = None

    @property
    def usable(self) -> bool:
        return self.refusal is None

    @property
    def name(self) -> str:
        """As the access log and the receipt call it."""
        return f"certificate:{self.title}" if self.kind == "certificate" else self.ref

    @property
    def mark(self) -> str:
        """Changes whenever what would be sent changes: a form sent from an old preview is noticed."""
        return f"{self.kind}:{self.ref}:{fingerprint(self.content)[:16]}"

    def item(self, *, code: str, name: str, endorsement: str) -> Json:
        """The entry of the package, endorsed for its one use and with the hash of all that."""
        entry = {"material_code": code, "name": name, **self.content, "endorsement": endorsement}
        return {**entry, "hash": f"sha256:{fingerprint(entry)}"}


def canonical(value: Mapping[str, Any]) -> str:
    """One text for equal JSON objects: members sorted, no spaces (the part of RFC 8785 that text and integers need)."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def fingerprint(value: Mapping[str, Any]) -> str:
    """SHA-256 (64 hex digits) of the canonical form."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def of_field(field: str, found: FactValue, *, today: date, max_age_days: int | None) -> Held:
    age = (today - clock.local(found.as_of).date()).days
    label = field_label(field)
    return Held(
        kind="field",
        ref=field,
        title=label,
        rows=((label, found.value),),
        content={
            "kind": "field",
            "field": field,
            "value": found.value,
            "source": found.source,
            "as_of": found.as_of.isoformat(),
        },
        source=found.source,
        as_of=found.as_of,
        refusal=_too_old(age, max_age_days),
    )


def of_certificate(line: CertificateLine, *, today: date, max_age_days: int | None) -> Held:
    age = (today - line.issued_on).days if line.issued_on else 0
    rows = (
        (_("证照名称"), line.name),
        (_("证照编号"), line.number),
        (_("持证人"), line.holder or ""),
        (_("签发机关"), line.issuer),
        (_("签发日期"), full_date(line.issued_on) if line.issued_on else ""),
        (_("有效期至"), full_date(line.valid_to) if line.valid_to else _("长期有效")),
    )
    return Held(
        kind="certificate",
        ref=line.id,
        title=line.name,
        rows=tuple(row for row in rows if row[1]),
        content={
            "kind": "certificate",
            "type_code": line.type_code,
            "certificate_name": line.name,
            "number": line.number,
            "identifier": line.identifier,
            "holder": line.holder,
            "issuer": line.issuer,
            "issued_on": _iso(line.issued_on),
            "valid_from": _iso(line.valid_from),
            "valid_to": _iso(line.valid_to),
            "status": line.status,
            "source": line.source,
            "as_of": line.as_of.isoformat(),
        },
        source=line.source,
        as_of=line.as_of,
        valid=certificate_valid(line),
        refusal=_not_valid(line) or _too_old(age, max_age_days),
        note=counted("还有%(n)s天到期", line.days_left or 0) % {"n": line.days_left}
        if 0 <= (line.days_left or 999) <= 60
        else None,
    )


def _not_valid(line: CertificateLine) -> str | None:
    return {
        "expired": lambda: _("不能用：已过有效期"),
        "not_yet": lambda: _("不能用：还没有生效"),
        "suspended": lambda: _("不能用：签发机关已暂停它的效力"),
        "revoked": lambda: _("不能用：已被撤销"),
        "cancelled": lambda: _("不能用：已注销"),
        "lapsed": lambda: _("不能用：已失效"),
        "unknown": lambda: _("不能用：部门没有说明它是否有效"),
    }.get(line.status, lambda: None)()


def _too_old(age: int, most: int | None) -> str | None:
    if most is None or age <= most:
        return None
    return _("不能用：对方要%(n)s天以内的，这份是%(age)s天前的", n=most, age=age)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
