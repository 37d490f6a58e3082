"""`flask feeds …` and `flask calendar …`: departments from files, interpretation anew, the working-day calendar."""

import json
from typing import TextIO

import click
from flask.cli import AppGroup
from sqlalchemy import select

from kernel import clock
from kernel.db import reading, transaction
from kernel.errors import AppError, Invalid
from profiles.cases.calendar import FIRST_YEAR, official_days, write
from profiles.feeds import departments, interpret
from profiles.feeds.registry import families
from profiles.models.department import Department

feeds = AppGroup("feeds", help="What departments report.")
calendar = AppGroup("calendar", help="The calendar of working days that legal limits are counted on.")


@feeds.command("add")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
def add(file: TextIO) -> None:
    """Register the department described in FILE (JSON: name, uscc, code, families, authoritative_for; - for
    standard input).

    Answers its client id and secret as JSON; the secret is shown this once.
    """
    try:
        raw = json.load(file)
    except ValueError as error:
        raise click.ClickException(f"{file.name} is not JSON: {error}") from None
    try:
        joining = departments.parse(raw)
        with transaction() as db:
            answer = departments.add(db, joining)
    except Invalid as error:
        lines = [f"  {name}: {why}" for name, why in error.fields.items()]
        raise click.ClickException("\n".join([error.code, *lines])) from None
    except AppError as error:
        raise click.ClickException(f"{error.code}: {error.detail}".rstrip(": ")) from None
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


@feeds.command("reinterpret")
@click.option("--family", type=str, help="Only this family of data.")
@click.option("--department", help="Only the department with this code.")
def reinterpret(family: str | None, department: str | None) -> None:
    """Read all stored records anew, oldest first, as they were sent. Safe to run at any time, and again."""
    if family is not None and family not in families():
        raise click.ClickException(f"there is no family {family!r}; there are {', '.join(families())}")
    department_id = None
    if department is not None:
        with reading() as db:
            department_id = db.scalar(select(Department.id).where(Department.code == department))
        if department_id is None:
            raise click.ClickException(f"there is no department {department!r}")
    count = sum(1 for _ in interpret.again(family=family, department_id=department_id))
    click.echo(f"{count} batches")


@calendar.command("seed")
@click.option("--from", "first", type=int, default=FIRST_YEAR, show_default=True)
@click.option("--to", "last", type=int, help="The last year; two years ahead without it.")
def seed_calendar(first: int, last: int | None) -> None:
    """Write holidays and make-up working days of these years, except years that were imported."""
    last = last or clock.today().year + 2
    if first > last:
        raise click.ClickException(f"{first} comes after {last}")
    days = official_days(range(first, last + 1))
    with transaction() as db:
        count = write(db, days)
    click.echo(f"{count} days")
