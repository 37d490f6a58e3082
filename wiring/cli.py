"""The commands that belong to no package: the database's schema and the audit's seal.

The others (``flask clients``, ``flask cities``, …) come from their packages through ``parts``.
"""

from datetime import date, datetime

import click
from flask.cli import AppGroup

from kernel import audit_seal, clock
from profiles.cases import calendar

db = AppGroup("db", help="The database's schema.")
audit = AppGroup("audit", help="The audit, which nobody can change unseen.")


@db.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the database to the schema of this version (or to REVISION); safe to run again."""
    from kernel import migrate  # Alembic: 80 ms that a web process need not pay

    migrate.upgrade(revision)
    if revision == "head":
        calendar.keep()
    click.echo("the database is up to date")


@audit.command("verify")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]), required=False, metavar="[DAY]")
def verify(day: datetime | None) -> None:
    """Check the chain of DAY (a date of the province, today without it); status 1 when something was changed."""
    chosen: date = day.date() if day is not None else clock.today()
    faults = audit_seal.verify(chosen)
    for fault in faults:
        click.echo(str(fault))
    if faults:
        raise click.ClickException(f"{len(faults)} faults on {chosen}")
    click.echo(f"{chosen}: the chain is whole")


GROUPS = (db, audit)
