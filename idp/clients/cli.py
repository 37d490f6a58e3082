"""``flask clients …``: registering from files, without a console."""

import json
from typing import TextIO

import click
from flask.cli import AppGroup

from idp.clients import add as act
from idp.clients import change as changes
from idp.clients import metadata
from kernel import db
from kernel.errors import AppError, Invalid

clients = AppGroup("clients", help="Portals and machines that may ask for tokens.")


@clients.command("add")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
def add(file: TextIO) -> None:
    """Register the client described in FILE (RFC 7591 metadata as JSON, - for standard input); answers JSON.

    The secret is shown this once.
    """
    try:
        raw = json.load(file)
    except ValueError as error:
        raise click.ClickException(f"FILE is not JSON: {error}") from None
    with _told():
        checked = metadata.validate(raw)
        act.check_sector(checked)
        with db.transaction() as session:
            added = act.add(session, checked)
    if left_out := metadata.not_understood(raw):
        click.echo(f"left out, not understood: {', '.join(left_out)}", err=True)
    click.echo(json.dumps(added.answer, ensure_ascii=False, indent=2))


@clients.command("secret")
@click.argument("client_id")
def secret(client_id: str) -> None:
    """Give CLIENT_ID a further secret; the one before it stays good for seven days. Answers JSON."""
    with _told(), db.transaction() as session:
        made = changes.add_secret(session, client_id)
    click.echo(json.dumps({"client_id": client_id, "client_secret": made}, indent=2))


@clients.command("disable")
@click.argument("client_id")
def disable(client_id: str) -> None:
    """Refuse CLIENT_ID from now on and end its tokens."""
    with _told(), db.transaction() as session:
        changes.disable(session, client_id)


class _told:  # noqa: N801  # reads as the statement it is
    """Refusals as lines an operator can act on."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Invalid) and error.fields:
            lines = [f"  {name}: {why}" for name, why in error.fields.items()]
            raise click.ClickException("\n".join([error.code, *lines])) from None
        if isinstance(error, AppError):
            raise click.ClickException(f"{error.code}: {error.detail}".rstrip(": ")) from None
