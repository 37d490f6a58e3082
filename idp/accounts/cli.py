"""``flask users``: accounts for operators. Answers are JSON; faults end with status 1."""

import json
import sys
from typing import Any, TextIO

import click
from flask.cli import AppGroup

from idp import login_sessions
from idp.accounts import add as act
from idp.accounts import login_names
from idp.login import authenticators, password
from kernel import sections, settings
from kernel.db import transaction
from kernel.errors import AppError

users = AppGroup("users", help="Accounts of people.")


@users.command("add")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"), required=False)
@click.option("--login", help="User name: begins with a letter.")
@click.option("--name", help="The person's or body's name as on the document.")
@click.option("--id-type", help="111 citizen ID (the default), 001 unified social credit code.")
@click.option("--id-number", help="The number of that document.")
@click.option("--level", type=int, help="2 to 5: what you vouch for. With a number 3 unless told.")
@click.option("--email")
@click.option("--phone", help="Mobile number; it names the account at sign-in too.")
@click.option("--admin", is_flag=True, help="May open the administrators' pages.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; made and shown otherwise.")
def add(file: TextIO | None, *, password_stdin: bool, **given: Any) -> None:
    """Add the account that the options describe, or those in FILE (a JSON object, or an array of them): all or none."""
    if file is not None:
        listed, single = _read(file)
    else:
        described = {name: value for name, value in given.items() if value not in {None, False}}
        if password_stdin:
            described["password"] = sys.stdin.readline().rstrip("\n")
        listed, single = [described], True
    checked, faults = [], []
    for position, raw in enumerate(listed):
        found, wrong = act.check(raw, at="" if single else f"{position}: ")
        faults += wrong
        if found is not None:
            checked.append(found)
    faults += [f"{one.described.login}: {why}" for one in checked if (why := _demo_only(one.password))]
    if faults:
        raise click.ClickException("\n  ".join(["nothing was added", *faults]))
    try:
        with transaction() as db:
            answers = act.add(db, checked)
    except AppError as error:
        raise click.ClickException(f"nothing was added\n  {error.code}: {error.detail}") from None
    click.echo(json.dumps(answers[0] if single else answers, ensure_ascii=False, indent=2))


@users.command("remove-totp")
@click.argument("login_name", metavar="LOGIN")
def remove_totp(login_name: str) -> None:
    """Turn the second step off for LOGIN (user name, phone or ID number), whose phone is lost, and sign it out.

    Be sure that it is the person who asks: from now on the password alone signs in. Answers JSON.
    """
    with transaction() as db:
        account = password.account_named(db, login_names.read(login_name))
        if account is None:
            raise click.ClickException(f"nobody signs in as {login_name!r}")
        removed = authenticators.remove_all(db, account.id)
        if not removed:
            raise click.ClickException(f"{login_name!r} has no authenticator app")
        # The lost phone may be signed in too.
        ended = login_sessions.end(db, account.id)
    click.echo(json.dumps({"id": account.id, "removed": removed, "sessions_ended": len(ended)}, indent=2))


def _read(file: TextIO) -> tuple[list[Any], bool]:
    try:
        raw = json.load(file)
    except ValueError as error:
        raise click.ClickException(f"{file.name} is not JSON: {error}") from None
    return (raw, False) if isinstance(raw, list) else ([raw], True)


def _demo_only(password: str) -> str | None:
    """Passwords out of documents are for the demonstration; everywhere else somebody would forget to change them."""
    known = any(word in password.casefold() for word in sections.KNOWN_WORDS)
    demo = settings.of(settings.KernelSettings).demo
    return "password: a known one, taken from a document" if known and not demo else None
