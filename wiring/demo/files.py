"""The files that the departments of the demo province send, made for today and written in the formats they really use.

GBK and GB18030 tables with Windows line ends, workbooks, JSON; out of order, repeated, and with the faults that
such files have: wrong check digits, a number that is no number, a code nobody knows, a missing field.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import xlsxwriter

from wiring.demo.cases import cases, shuffled
from wiring.demo.certificates import certificates
from wiring.demo.city_people import ldif
from wiring.demo.people import Cast, Person, cast
from wiring.demo.places import PASSWORD
from wiring.demo.province import departments, items

Row = dict[str, str]
_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One file of one department for one family, as it will be posted."""

    department: str
    family: str
    path: Path

    @property
    def content_type(self) -> str:
        return _TYPES[self.path.suffix]


def write(folder: Path, now: datetime) -> list[Report]:
    """Write everything under `folder`; the same files for the same day. Returns what is to be reported, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    actors = cast(now.date())
    (folder / "people.ldif").write_text(
        ldif((p for p in actors.people if p.city == "深圳"), PASSWORD), encoding="utf-8"
    )
    return [
        *_items(folder),
        *_profiles(folder, actors, now.date()),
        *_cases(folder, actors, now),
        *_certificates(folder, actors, now.date()),
    ]


def _items(folder: Path) -> Iterator[Report]:
    for code in departments():
        rows = [
            {
                "SXBM": item.code,
                "SXMC": item.name,
                "SXLX": item.type,
                "XSCJ": item.level,
                "SSZT": departments()[code].name,
                "FDBJSX": str(item.legal_days),
                "FDBJSXDW": "G",
                "CNBJSX": str(item.promised_days),
                "CNBJSXDW": "G",
                "SQCL": [{"name": name, "required": True} for name in item.materials],
                "JGMC": item.result,
                "ZXDH": "12345",
            }
            for item in items().values()
            if item.department == code
        ]
        yield _json(folder, code, "item", rows)


def _profiles(folder: Path, actors: Cast, today: date) -> Iterator[Report]:
    people = [_person_row(person, today) for person in actors.people]
    people[11]["GMSFHM"] = people[11]["GMSFHM"][:-1] + ("0" if people[11]["GMSFHM"][-1] != "0" else "1")
    people[12]["CSRQ"] = "1988年13月40日"
    # GB18030, not GBK: two of the names have characters that GBK does not.
    yield _csv(folder, "gat", "profile", people, encoding="gb18030")
    yield _json(
        folder,
        "szrsj",
        "profile",
        [
            {
                "GMSFHM": p.number,
                "XM": p.name,
                "SJHM": p.phone,
                "XJZDZ": p.address.replace("样例区", "样例新区"),
                "DATA_DATE": f"{today - timedelta(days=9):%Y-%m-%d}",
            }
            for p in actors.people[::5]
        ],
    )
    yield _xlsx(
        folder,
        "szscjg",
        "profile",
        [
            {
                "TYSHXYDM": e.number,
                "QYMC": e.name,
                "FDDBRXM": e.legal_rep.name,
                "FDDBRZJHM": e.legal_rep.number,
                "QYLX": e.kind,
                "ZCZB": e.capital,
                "CLRQ": f"{e.founded:%Y-%m-%d}",
                "ZS": e.address,
                "JYFW": e.scope,
                "DJZT": "存续",
                "DATA_DATE": f"{today:%Y-%m-%d}",
            }
            for e in actors.enterprises
        ],
    )


def _person_row(person: Person, today: date) -> Row:
    return {
        "GMSFHM": person.number,
        "XM": person.name,
        "XB": person.gender,
        "CSRQ": f"{person.born:%Y-%m-%d}",
        "MZ": "维吾尔族" if "·" in person.name else "汉族",
        "SJHM": person.phone,
        "DZYX": person.email,
        "XJZDZ": person.address,
        "HJDZ": person.address,
        "DATA_DATE": f"{today:%Y-%m-%d}",
    }


def _cases(folder: Path, actors: Cast, now: datetime) -> Iterator[Report]:
    told: dict[str, list[Row]] = {code: [] for code in departments()}
    for case in cases(actors, items(), now):
        told[case.item.department] += case.rows
    faulty = told["szscjg"]
    faulty.append(
        {
            **next(row for row in faulty if row["TABLE"] == "SB"),
            "SBLSH": "4403002026X000001",
            "SQRZJHM": "440199199001010000",
        }
    )
    faulty.append({"TABLE": "SL", "SBLSH": "4403002026X000002", "VERSION": "1", "SLSJ": "昨天"})
    faulty.append({"TABLE": "QT", "SBLSH": "4403002026X000003", "VERSION": "1"})
    faulty.append({"TABLE": "BJ", "SBLSH": "", "VERSION": "1", "BJSJ": f"{now:%Y-%m-%d %H:%M:%S}", "BJJGDM": "0"})
    for code, rows in told.items():
        mixed = shuffled(actors.rng, rows)
        if code in {"szwjw", "gzgjj", "zhzrzy"}:
            yield _xlsx(folder, code, "case", mixed)
        elif code == "fsrsj":
            yield _ndjson(folder, code, "case", mixed)
        else:
            encoding = "gb18030" if code == "gat" else "gbk"
            rest = [row for row in mixed if not _fits(row, encoding)]
            yield _csv(folder, code, "case", [row for row in mixed if _fits(row, encoding)], encoding=encoding)
            if rest:
                yield _json(folder, code, "case", rest)


def _certificates(folder: Path, actors: Cast, today: date) -> Iterator[Report]:
    issued: dict[str, list[Row]] = {}
    for code, row in certificates(actors, departments(), today):
        issued.setdefault(code, []).append(row)
    # A check character computed with another alphabet, and a holder's number cut short: both occur in real reports.
    issued["dgjj"][0]["ZZBS"] = issued["dgjj"][0]["ZZBS"][:-1] + "Z"
    issued["dgjj"].append({**issued["dgjj"][1], "ZZBS": "", "ZZBH": "粤441900081X", "CZZTDM": "44019919900101"})
    for code, rows in issued.items():
        yield (
            _csv(folder, code, "certificate", rows, encoding="gb18030")
            if code in {"gat", "dgjj"}
            else _json(folder, code, "certificate", rows)
        )


def _fits(row: Row, encoding: str) -> bool:
    try:
        "".join(row.values()).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _columns(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _csv(folder: Path, code: str, family: str, rows: list[Row], *, encoding: str) -> Report:
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(rows), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / f"{code}-{family}.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return Report(department=code, family=family, path=path)


def _xlsx(folder: Path, code: str, family: str, rows: list[Row]) -> Report:
    path = folder / f"{code}-{family}.xlsx"
    names = _columns(rows)
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, names)
        for n, row in enumerate(rows, 1):
            for column, name in enumerate(names):
                sheet.write_string(n, column, row.get(name, ""))
    return Report(department=code, family=family, path=path)


def _json(folder: Path, code: str, family: str, rows: object) -> Report:
    path = folder / f"{code}-{family}.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return Report(department=code, family=family, path=path)


def _ndjson(folder: Path, code: str, family: str, rows: list[Row]) -> Report:
    path = folder / f"{code}-{family}.ndjson"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return Report(department=code, family=family, path=path)
