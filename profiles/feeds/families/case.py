"""Case history (办事过程): the tables EX_GDBS_* of the province's exchange, and the sets of GB/T 39046.

Which table a record comes from is said by the record, by `?table=` for the whole batch, or by the columns it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from kernel.codes import item_code
from profiles.cases import store
from profiles.cases.events import ALIASES, RANK, SINGLE, Event
from profiles.feeds import case_fields
from profiles.feeds.family import Entry, Told
from profiles.feeds.parties import record_parties
from profiles.feeds.reading import Columns, Reading
from profiles.feeds.subject import Subject, identify

TABLES: Final = {
    "申办": "SB",
    "申请": "SB",
    "submitted": "SB",
    "预受理": "WSYSL",
    "网上预受理": "WSYSL",
    "pre_checked": "WSYSL",
    "受理": "SL",
    "accepted": "SL",
    "审批": "SPCL",
    "审批过程": "SPCL",
    "办理": "SPCL",
    "step": "SPCL",
    "补正告知": "BZGZ",
    "补交告知": "BZGZ",
    "supplement_asked": "BZGZ",
    "补正受理": "BZSL",
    "补交受理": "BZSL",
    "supplement_received": "BZSL",
    "特别程序申请": "TBCXSQ",
    "special_started": "TBCXSQ",
    "特别程序结果": "TBCXJG",
    "special_ended": "TBCXJG",
    "办结": "BJ",
    "closed": "BJ",
    "领取登记": "LQDJ",
    "领证登记": "LQDJ",
    "collected": "LQDJ",
    "申办材料": "SBCL",
    "材料": "SBCL",
    "material": "SBCL",
}
_MARKS: Final = (
    ("TBCXJG", "special_to"),
    ("TBCXSQ", "special_from"),
    ("BZGZ", "asked_at"),
    ("BZSL", "received_at"),
    ("WSYSL", "pre_checked_at"),
    ("LQDJ", "collected_at"),
    ("SPCL", "step_at"),
    ("BJ", "closed_at"),
    ("SL", "accepted_at"),
    ("SB", "submitted_at"),
    ("SBCL", "material_name"),
)
"""The column that only one table has."""
_TIMES: Final = {kind: name for kind, name in _MARKS if kind != "SBCL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event before it has a place in the raw log; without `at` it gets the time of its report."""

    case_no: str
    at: datetime | None
    kind: str
    seq: str
    payload: dict[str, str | int | bool | list[str]]
    subject: Subject | None


class CaseFamily:
    name = "case"
    title = _("办事过程")
    columns = Columns(case_fields.COLUMNS)

    def read(self, reading: Reading, *, hint: str | None) -> Told | None:
        case_no = reading.text("case_no", most=64) or reading.text("short_no", most=64)
        if case_no is None:
            reading.refuse("missing", "case_no")
        kind = _kind(reading, hint)
        if kind is None:
            reading.refuse("unknown_table", "table")
            return None
        at = reading.past(_time_column(reading, kind), required=kind != "SBCL")
        reported_at, version = reading.moment("reported_at"), reading.version()
        subject = None
        if kind == "SB":
            subject = identify(reading, "applicant_number", "applicant_id_type", "applicant_kind")
        payload = case_fields.payload(reading, kind)
        if code := payload.get("item_code"):
            payload["item_code"] = code = item_code.normalise(str(code))
            for fault in item_code.check(code):
                reading.note(fault.code, "item_code")
        kind, seq = _place(reading, kind, payload)
        if subject:
            payload["party_key"] = subject.party_key
            name = payload.get("applicant_name")
            subject = replace(subject, name=name if isinstance(name, str) else None, name_as_of=at)
        if reading.refused or case_no is None:
            return None
        return Told(
            key=f"{case_no}|{kind}|{seq}",
            label=f"{case_no} {kind} {seq}".rstrip(),
            version=version,
            reported_at=reported_at,
            value=Step(case_no=case_no, at=at, kind=kind, seq=seq, payload=payload, subject=subject),
        )

    def apply(self, db: Session, department_id: str, entries: Sequence[Entry]) -> None:
        told = [(entry, entry.told.version, entry.told.value) for entry in entries if entry.told]
        subjects = [step.subject for _entry, _version, step in told if step.subject]
        if subjects:
            record_parties(db, subjects)
        store.record(
            db,
            department_id,
            [
                store.Reported(
                    case_no=step.case_no,
                    event=Event(
                        kind=step.kind,
                        seq=step.seq,
                        version=version,
                        at=step.at or entry.reported_at,
                        reported_at=entry.reported_at,
                        raw_id=entry.raw_id,
                        payload=step.payload,
                    ),
                )
                for entry, version, step in told
            ],
        )

    def withdraw(self, db: Session, raw_ids: Sequence[str]) -> None:
        store.withdraw(db, raw_ids)


def _kind(reading: Reading, hint: str | None) -> str | None:
    told = reading.text("table") or hint
    if told:
        name = told.strip().upper().removeprefix("EX_GDBS_")
        name = ALIASES.get(name, name)
        return name if name in RANK else TABLES.get(told.strip().casefold())
    return next((kind for kind, column in _MARKS if reading.has(column)), None)


def _time_column(reading: Reading, kind: str) -> str:
    """The column of the event's time. BJSJ is 办结时间, and in the tables 补交 the time of those."""
    own = _TIMES.get(kind, "at")
    if reading.has(own):
        return own
    if kind in {"BZGZ", "BZSL"} and reading.has("closed_at"):
        return "closed_at"
    return "at" if reading.has("at") or not reading.sent(own) else own


def _place(reading: Reading, kind: str, payload: dict[str, str | int | bool | list[str]]) -> tuple[str, str]:
    """Kind and number of an event. The keys are those of the exchange: steps by step number or step code,
    special procedures by number, a notice of supplement without a number is the only one.
    """
    if kind == "SL" and payload.pop("asks", False):
        return "BZGZ", "SL"
    if kind in SINGLE:
        return kind, ""
    seq = reading.text("seq", most=64)
    if seq is None and kind == "SPCL":
        seq = str(payload.get("step") or payload.get("step_name") or "")[:64]
    if seq is None and kind == "SBCL":
        seq = str(payload.get("material_name") or "")[:64]
    if seq is None and kind in {"TBCXSQ", "TBCXJG"}:
        seq = "1"
    return kind, seq or ""


plugin = CaseFamily()
