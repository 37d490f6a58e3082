"""``flask cities``: cities from files, for operators. Answers are JSON; faults end with status 1."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NoReturn, TextIO

import click
from flask.cli import AppGroup
from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from connectors import city_file, sources
from connectors.city_file import Checked
from connectors.form import Fault
from connectors.models import CitySource
from kernel import audit, settings
from kernel.db import reading, transaction
from kernel.errors import NotFound
from kernel.ids import new_id

cities = AppGroup("cities", help="The cities' authentication systems.")


@cities.command("add")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--replace", is_flag=True, help="Overwrite cities that exist; people stay linked.")
def add(file: TextIO, *, replace: bool) -> None:
    """Add the city in FILE (a JSON object), or the cities (an array of them): all or none."""
    data = _json(file)
    listed = data if isinstance(data, list) else [data]
    at = [str(position) if isinstance(data, list) else "" for position in range(len(listed))]
    results = [city_file.check(each, at=where) for each, where in zip(listed, at, strict=True)]
    faults = [fault for _city, found in results for fault in found]
    checked = [found for found, _faults in results if found is not None]
    with transaction() as db:
        rows = [_row(db, each) for each in checked]
        faults += _taken(rows, replace=replace)
        if faults:
            _refuse(faults)
        for row, each in zip(rows, checked, strict=True):
            city_file.write(row, each)
            db.add(row)
            db.flush()
            audit.record(db, "city.set", subject=row.id, details={"code": row.code, "kind": row.kind})
    shown = [_shown(row) for row in rows]
    _answer(shown if isinstance(data, list) else shown[0])


@cities.command("list")
def list_all() -> None:
    """All cities and their settings, without the secrets."""
    with reading() as db:
        rows = db.scalars(select(CitySource).order_by(CitySource.display_order, CitySource.code))
        _answer([_shown(row) for row in rows])


@cities.command("enable")
@click.argument("code")
def enable(code: str) -> None:
    """Let people sign in at the city CODE."""
    _switch(code, enabled=True)


@cities.command("disable")
@click.argument("code")
def disable(code: str) -> None:
    """Stop sign-in at the city CODE at once, also for those who are signing in now."""
    _switch(code, enabled=False)


def _switch(code: str, *, enabled: bool) -> None:
    with transaction() as db:
        try:
            row = sources.row(db, code)
        except NotFound:
            _refuse([Fault(field="code", problem=_("没有这个城市"), remedy=_("用flask cities list查看代码"))])
        row.enabled = enabled
        audit.record(db, "city.enable" if enabled else "city.disable", subject=row.id, details={"code": code})
    _answer(_shown(row))


def _row(db: Session, checked: Checked) -> CitySource:
    """The row of that code, or a new one."""
    found = db.scalar(select(CitySource).where(CitySource.code == checked.city.code))
    return found if found is not None else CitySource(id=new_id(), code=checked.city.code)


def _taken(rows: Sequence[CitySource], *, replace: bool) -> list[Fault]:
    """Codes that exist already, in the table or further up in the same file."""
    faults, seen = [], set()
    for row in rows:
        if row.code in seen:
            faults.append(_fault_of_code(row.code, _("文件里有两个同样的code"), _("改掉其中一个")))
        elif inspect(row).persistent and not replace:
            faults.append(_fault_of_code(row.code, _("已有这个城市"), _("换一个code，或加上--replace覆盖")))
        seen.add(row.code)
    return faults


def _fault_of_code(code: str, problem: str, remedy: str) -> Fault:
    return Fault(field=f"code={code}", problem=problem, remedy=remedy)


def _shown(row: CitySource) -> dict[str, Any]:
    style = sources.kinds()[row.kind].style
    shown = {
        "source_id": row.id,
        "code": row.code,
        "name": row.name,
        "group": row.region,
        "kind": row.kind,
        "style": style,
        "enabled": row.enabled,
        "internal": row.internal,
        "level_cap": row.level_cap,
        "authoritative_for": row.authoritative_for,
        "settings": row.settings,
        "fields": row.fields,
    }
    if style == "redirect":  # what the city has to register for us
        public_url = settings.of(settings.KernelSettings).public_url
        shown["callback_url"] = f"{public_url}/login/city/{row.code}/callback"
    return shown


def _json(file: TextIO) -> Any:
    try:
        return json.load(file)
    except ValueError as error:
        _refuse([Fault(field="-", problem=f"JSON: {error}", remedy=_("修正这一处的JSON写法"))])


def _answer(what: object) -> None:
    click.echo(json.dumps(what, ensure_ascii=False, indent=2))


def _refuse(faults: Sequence[Fault]) -> NoReturn:
    _answer({"faults": [asdict(fault) for fault in faults]})
    raise click.exceptions.Exit(1)
