"""Departments and the batches they send, through the code of production."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter

from kernel.codes import citizen_id, uscc
from kernel.db import reading, transaction
from kernel.ids import new_id
from profiles.cases.calendar import forget, official_days, write
from profiles.feeds import intake, interpret, report
from profiles.feeds.registry import families, formats
from profiles.feeds.subject import party_key
from profiles.models.department import Department

HEALTH = "11440606006939748X"


def person(serial: int = 1, *, born: str = "19900307") -> str:
    """A citizen ID with a right check digit in a county that does not exist."""
    body = f"440199{born}{serial:03d}"
    return body + citizen_id.check_digit(body)


def enterprise(serial: int = 1) -> str:
    """A USCC with right check characters, inner organisation code included."""
    org = f"MA5{serial:05d}"
    body = f"91440101{org}{uscc.organisation_check(org)}"
    return body + uscc.check_character(body)


def key_of(number: str) -> str:
    return party_key("001" if not uscc.check(number) and citizen_id.check(number) else "111", number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    id: str
    name: str

    def send(
        self,
        family: str,
        rows: Iterable[Mapping[str, Any]] | bytes,
        *,
        form: str = "json",
        encoding: str = "utf-8",
        hint: str | None = None,
    ) -> dict[str, Any]:
        """Send one batch and get its report."""
        batch_id = self.store(family, rows, form=form, encoding=encoding, hint=hint)
        interpret.run(batch_id)
        return report_of(batch_id)

    def store(self, family, rows, *, form="json", encoding="utf-8", hint=None) -> str:
        body = rows if isinstance(rows, bytes) else encoded(list(rows), form, encoding)
        return intake.store(
            intake.Delivery(
                department_id=self.id,
                family=families()[family],
                format=formats()[form],
                body=body,
                hint=hint,
            )
        )


def report_of(batch_id: str) -> dict[str, Any]:
    with reading() as db:
        batch = report.batch(db, batch_id)
        assert batch is not None
        return report.of(db, batch)


def sender(
    name: str = "顺德区卫生健康局", serial: int = 0, *, registers: Sequence[str] = ("person", "enterprise")
) -> Sender:
    with transaction() as db:
        department = Department(
            code=f"D{serial}",
            uscc=enterprise(90000 + serial),
            name=name,
            families=list(families()),
            authoritative_for=list(registers),
            client_id=new_id(),
        )
        db.add(department)
    return Sender(id=department.id, name=name)


def seed_calendar(years: Iterable[int] = (2025, 2026, 2027)) -> None:
    forget()
    days = official_days(years)
    with transaction() as db:
        write(db, days)


def encoded(rows: Sequence[Mapping[str, Any]], form: str, encoding: str = "utf-8") -> bytes:
    """The rows as a batch of this format; tables have the union of all columns."""
    if form == "json":
        return json.dumps(rows, ensure_ascii=False).encode(encoding)
    if form == "ndjson":
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode(encoding)
    header = list(dict.fromkeys(name for row in rows for name in row))
    table = [header, *([str(row.get(name, "")) for name in header] for row in rows)]
    if form == "csv":
        out = io.StringIO()
        csv.writer(out).writerows(table)
        return out.getvalue().encode(encoding)
    binary = io.BytesIO()
    with xlsxwriter.Workbook(binary, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)
    return binary.getvalue()
