"""Reading the catalogue of service items (事项目录)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.codes import item_code
from profiles.models.item import ServiceItem

Unit = Literal["working", "calendar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMaterial:
    """`accept` names what may stand for it: certificate types and profile fields (`field:phone`)."""

    code: str
    name: str
    required: bool = True
    accept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    code: str
    name: str
    body: str | None
    type: str | None
    level: str | None
    legal_limit: int | None
    legal_unit: Unit
    promised_limit: int | None
    promised_unit: Unit
    materials: tuple[ItemMaterial, ...]
    result_certificate: str | None
    legal_basis: str | None
    phone: str | None


def item(db: Session, code: str) -> Item | None:
    """The item of a 31- or 33-digit code; a 33-digit code falls back on its 31 digits."""
    code = item_code.normalise(code)
    found = items(db, {code, code[:31]})
    return found.get(code) or found.get(code[:31])


def items(db: Session, codes: Iterable[str]) -> dict[str, Item]:
    rows = db.scalars(select(ServiceItem).where(ServiceItem.code.in_(sorted(codes))))
    return {row.code: _item(row) for row in rows}


def _item(row: ServiceItem) -> Item:
    return Item(
        code=row.code,
        name=row.name,
        body=row.body_name,
        type=row.type,
        level=row.level,
        legal_limit=row.legal_limit,
        legal_unit=cast("Unit", row.legal_unit),
        promised_limit=row.promised_limit,
        promised_unit=cast("Unit", row.promised_unit),
        materials=tuple(_material(entry) for entry in row.materials),
        result_certificate=row.result_certificate,
        legal_basis=row.legal_basis,
        phone=row.phone,
    )


def _material(entry: Mapping[str, Any]) -> ItemMaterial:
    return ItemMaterial(
        code=entry["code"],
        name=entry["name"],
        required=entry.get("required", True),
        accept=tuple(entry.get("accept", ())),
    )
