"""``flask clients …``: registering from files, without a console."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import click
from flask.cli import AppGroup
from sqlalchemy import select

from idp.clients import add as act
from idp.clients import change as changes
from idp.clients import metadata
from idp.models.client import Client, ClientSecret
from kernel import db
from kernel.errors import AppError, Invalid

clients = AppGroup("clients", help="Portals and machines that may ask for tokens.")


@contextmanager
def told() -> Iterator[None]:
    """Refusals as lines an operator can act on."""
    try:
        yield
    except Invalid as error:
        lines = [f"  {name}: {why}" for name, why in error.fields.items()]
        raise click.ClickException("\n".join([error.code, *lines])) from None
    except AppError as error:
        raise click.ClickException(f"{error.code}: {error.detail}".rstrip(": ")) from None


@clients.command("add")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
def add(file: TextIO) -> None:
    """Register the client described in FILE (RFC 7591 metadata as JSON, - for standard input); answers JSON.

    The secret is shown this once.
    """
    raw = _read(file)
    with told():
        checked = metadata.validate(raw)
        act.check_sector(checked)
        with db.transaction() as session:
            added = act.add(session, checked)
    _tell_left_out(raw)
    _answer(added.answer)


@clients.command("change")
@click.argument("client_id")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@click.option("--new-subs", is_flag=True, help="Even where the client will know everybody by another sub.")
def change(client_id: str, file: TextIO, *, new_subs: bool) -> None:
    """Replace all that CLIENT_ID registered by FILE (JSON as for add; begin with what show answers); answers JSON.

    A new secret is made, and shown this once, where the client needs one and has none.
    """
    raw = _read(file)
    with told():
        checked = metadata.validate(raw)
        act.check_sector(checked)
        with db.transaction() as session:
            row, secret = changes.change(session, client_id, lambda _row: checked, renames_people=new_subs)
            answer = {"client_id": row.id, **({"client_secret": secret} if secret else {}), **row.registered}
    _tell_left_out(raw)
    _answer(answer)


@clients.command("list")
def list_clients() -> None:
    """Every client: id, on or off, kind, how it proves itself, name."""
    with db.reading() as session:
        for row in session.scalars(select(Client).order_by(Client.id)):
            state = "off" if row.disabled_at else "on"
            click.echo(f"{row.id}\t{state}\t{row.kind}\t{row.auth_method}\t{row.name}")


@clients.command("show")
@click.argument("client_id")
def show(client_id: str) -> None:
    """What CLIENT_ID registered, as JSON; of its secrets only their days."""
    with db.reading() as session:
        row = session.get(Client, client_id)
        if row is None:
            raise click.ClickException(f"not_found: client {client_id}")
        kept = select(ClientSecret).where(ClientSecret.client_id == client_id).order_by(ClientSecret.created_at)
        days = [
            {"created_at": s.created_at.isoformat(), "expires_at": s.expires_at.isoformat() if s.expires_at else None}
            for s in session.scalars(kept)
        ]
        about = {"client_id": row.id, "disabled_at": row.disabled_at.isoformat() if row.disabled_at else None}
        _answer({**about, "secrets": days, **row.registered})


@clients.command("secret")
@click.argument("client_id")
def secret(client_id: str) -> None:
    """Give CLIENT_ID a further secret; the one before it stays good for seven days. Answers JSON."""
    with told(), db.transaction() as session:
        made = changes.add_secret(session, client_id)
    _answer({"client_id": client_id, "client_secret": made})


@clients.command("disable")
@click.argument("client_id")
def disable(client_id: str) -> None:
    """Refuse CLIENT_ID from now on and end its tokens."""
    with told(), db.transaction() as session:
        changes.disable(session, client_id)


@clients.command("enable")
@click.argument("client_id")
def enable(client_id: str) -> None:
    """Let CLIENT_ID in again. What ended when it was disabled stays ended."""
    with told(), db.transaction() as session:
        changes.enable(session, client_id)


def _read(file: TextIO) -> Any:
    try:
        return json.load(file)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"FILE is not JSON: {error}") from None


def _tell_left_out(raw: dict[str, Any]) -> None:
    if left_out := [
        name for name in metadata.not_understood(raw) if name not in {"client_id", "disabled_at", "secrets"}
    ]:
        click.echo(f"left out, not understood: {', '.join(left_out)}", err=True)


def _answer(told_: dict[str, Any]) -> None:
    click.echo(json.dumps(told_, ensure_ascii=False, indent=2))
