"""Departments and their credentials."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.contract import register_machine_client
from kernel import audit, settings
from kernel.codes import uscc
from kernel.errors import Conflict, Invalid, Text
from profiles.feeds.registry import families
from profiles.models.department import Department

REGISTERS: Final = frozenset({"person", "enterprise"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """The department behind a client."""

    id: str
    name: str
    families: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """A department as an operator describes it."""

    name: str
    uscc: str
    code: str
    families: tuple[str, ...]
    authoritative_for: tuple[str, ...] = ()


def parse(raw: object) -> Joining:
    """`{"name", "uscc", "code", "families": […], "authoritative_for": ["person", "enterprise"]}`. Raises `Invalid`.

    Without families it may report all; without `authoritative_for` it keeps no register.
    """
    faults: dict[str, Text] = {}
    told: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    texts = {name: str(told.get(name) or "").strip() for name in ("name", "uscc", "code")}
    for name, text in texts.items():
        if not text or len(text) > (200 if name == "name" else 64):
            faults[name] = _("请填写，不超过64个字")
    number = uscc.normalise(texts["uscc"])
    if texts["uscc"] and (wrong := uscc.check(number)):
        faults["uscc"] = wrong[0].message
    wanted = told.get("families", list(families()))
    if not isinstance(wanted, list) or not wanted or not set(map(str, wanted)) <= set(families()):
        faults["families"] = _("只能是：%(names)s", names=", ".join(families()))
    keeps = told.get("authoritative_for", [])
    if not isinstance(keeps, list) or not set(map(str, keeps)) <= REGISTERS:
        faults["authoritative_for"] = _("只能是：%(names)s", names=", ".join(sorted(REGISTERS)))
    if faults:
        raise Invalid(faults, code="bad_department")
    return Joining(
        name=texts["name"],
        uscc=number,
        code=texts["code"],
        families=tuple(map(str, wanted)),
        authoritative_for=tuple(map(str, keeps)),
    )


def add(db: Session, joining: Joining) -> dict[str, Any]:
    """Register a department and its machine client. The secret is in the answer and nowhere else.

    Raises `Conflict` for a USCC or code that a department has already.
    """
    taken = select(Department.name).where((Department.uscc == joining.uscc) | (Department.code == joining.code))
    if (other := db.scalar(taken)) is not None:
        raise Conflict("department_exists", detail=other)
    scopes = [f"feeds:{family}" for family in joining.families]
    client_id, secret = register_machine_client(db, name=joining.name, scopes=scopes)
    department = Department(
        code=joining.code,
        uscc=joining.uscc,
        name=joining.name,
        families=list(joining.families),
        authoritative_for=list(joining.authoritative_for),
        client_id=client_id,
    )
    db.add(department)
    db.flush()
    audit.record(
        db,
        "feeds.department_added",
        subject=department.id,
        details={"families": json.dumps(scopes), "registers": json.dumps(joining.authoritative_for)},
    )
    base = settings.of(settings.KernelSettings).public_url.rstrip("/")
    return {
        "department": joining.name,
        "code": joining.code,
        "client_id": client_id,
        "client_secret": secret,
        "scopes": scopes,
        "token_endpoint": f"{base}/token",
        "endpoint": f"{base}/feeds/v1",
    }


def reporter(db: Session, client_id: str) -> Reporter | None:
    """The active department that this client reports for."""
    stmt = select(Department.id, Department.name, Department.families).where(
        Department.client_id == client_id, Department.disabled_at.is_(None)
    )
    row = db.execute(stmt).one_or_none()
    return Reporter(id=row.id, name=row.name, families=frozenset(row.families)) if row else None
