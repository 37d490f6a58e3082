"""The fixed part of the demo province: its departments and the 40 items they handle, read from `examples/province/`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "examples" / "province"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    code: str
    name: str
    uscc: str
    division: str
    authoritative_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A service item: 31-digit code, limits in working days, names of materials, the certificate it ends in."""

    code: str
    name: str
    department: str
    type: str
    level: str
    legal_days: int
    promised_days: int
    materials: tuple[str, ...]
    result: str


def departments() -> dict[str, Department]:
    """Departments by code."""
    return {
        row["code"]: Department(**{**row, "authoritative_for": tuple(row.get("authoritative_for", ()))})
        for row in _read("departments.json")
    }


def items() -> dict[str, Item]:
    """Items by code."""
    return {row["code"]: Item(**{**row, "materials": tuple(row["materials"])}) for row in _read("items.json")}


def _read(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return rows
