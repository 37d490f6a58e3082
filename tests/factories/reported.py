"""Data as departments report it: through the feeds' own intake, never by direct inserts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from kernel import clock
from kernel.codes import citizen_id
from kernel.crypto import blind_index
from kernel.db import reading, transaction
from profiles.feeds import departments, intake, interpret
from profiles.feeds.registry import families, formats
from profiles.models.department import Department
from profiles.models.raw import RawRecord

HEALTH = "11440100007482575H"
POLICE = "114403006939513773"
MARKET = "11440300MB2D072246"
ENTERPRISE = "91440300708461136T"
OTHER_ENTERPRISE = "91350100M000100Y43"
ITEM = "11440100007482575H3440118009000"


def citizen(serial: int = 1) -> str:
    """A number with a right check digit in a county that nobody has (440190 is unassigned)."""
    body = f"44019019900101{serial:03d}"
    return body + citizen_id.check_digit(body)


def key(number: str) -> str:
    return blind_index("party", f"{'111' if number[:2] == '44' and number[6:8] in {'19', '20'} else '001'}:{number}")


@dataclass(frozen=True, kw_only=True)
class Office:
    """A department that reports."""

    id: str
    name: str

    def report(self, family: str, records: Sequence[dict[str, Any]]) -> None:
        """Every record has to be taken: a fault in a test's own data must not go unseen."""
        body = json.dumps(list(records), ensure_ascii=False, default=_json).encode()
        delivery = intake.Delivery(
            department_id=self.id, family=families()[family], format=formats()["json"], body=body
        )
        batch_id = intake.store(delivery)
        interpret.run(batch_id)
        with reading() as db:
            rows = db.execute(select(RawRecord.status, RawRecord.findings).where(RawRecord.batch_id == batch_id)).all()
        refused = [row.findings for row in rows if row.status == "refused"]
        assert not refused, refused


def office(name: str = "顺德区卫生健康局", uscc: str = HEALTH) -> Office:
    joining = departments.parse(
        {
            "name": name,
            "uscc": uscc,
            "code": uscc[:12],
            "families": list(families()),
            "authoritative_for": ["person", "enterprise"],
        }
    )
    with transaction() as db:
        departments.add(db, joining)
        found = db.scalars(select(Department).where(Department.uscc == uscc)).one()
        return Office(id=found.id, name=found.name)


def person(number: str, **fields: Any) -> dict[str, Any]:
    return {"number": number, "id_type": "111", "name": "陈晓岚", "as_of": clock.now().isoformat(), **fields}


def enterprise(number: str = ENTERPRISE, **fields: Any) -> dict[str, Any]:
    return {
        "number": number,
        "id_type": "001",
        "name": "佛山澜和精密机械有限公司",
        "as_of": clock.now().isoformat(),
        **fields,
    }


def certificate(holder: str, *, serial: int = 1, ends: date | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "number": f"粤健4406{serial:06d}",
        "name": "健康合格证明",
        "type_code": "061",
        "type_name": "健康合格证明",
        "issuer": "顺德区卫生健康局",
        "holder_name": "陈晓岚",
        "holder_number": holder,
        "issued_on": (clock.today() - timedelta(days=200)).isoformat(),
        "valid_to": ends.isoformat() if ends else "长期",
        **fields,
    }


def case(applicant: str, case_no: str, *, days_ago: int = 10, **steps: Any) -> list[dict[str, Any]]:
    """The application, and a record for each of ``steps``: SL={…}, BZGZ={…}."""
    at = clock.now() - timedelta(days=days_ago)
    records = [
        {
            "table": "SB",
            "case_no": case_no,
            "submitted_at": at.isoformat(),
            "item_code": ITEM,
            "item_name": steps.pop("item_name", "公共场所卫生许可（新办）"),
            "applicant_number": applicant,
            "applicant_name": steps.pop("applicant_name", "陈晓岚"),
            "applicant_kind": "1",
            "pick_up": steps.pop("pick_up", "1"),
        }
    ]
    for table, fields in steps.items():
        records.append({"table": table.partition("_")[0], "case_no": case_no, **fields})
    return records


def ago(days: float) -> str:
    return (clock.now() - timedelta(days=days)).isoformat()


def _json(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
