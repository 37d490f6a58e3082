"""commands.md: every command of the operator's door, from the commands themselves."""

import inspect
from collections.abc import Iterator

import click

from wiring.reference.markdown import code, prose, table


def lines() -> Iterator[str]:
    from wiring.parts import COMMANDS

    yield "# Commands"
    yield ""
    yield "Run as `.venv/bin/flask --app wsgi …`, with the settings of the installation. `--help` at any place tells"
    yield "the same. A command that refuses ends with status 1 and says why on standard error."
    for command in sorted(COMMANDS, key=lambda one: one.name or ""):
        yield ""
        yield f"## `flask {command.name}`"
        yield ""
        yield prose(command.help or "")
        members = command.commands.values() if isinstance(command, click.Group) else (command,)
        for member in sorted(members, key=lambda one: one.name or ""):
            yield from _command(f"flask {command.name}" if member is not command else "flask", member)


def _command(above: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=command.name)
    usage = " ".join(command.collect_usage_pieces(context))
    yield ""
    yield f"### `{above} {command.name} {usage}`"
    yield ""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield prose(paragraph)
        yield ""
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        yield from table(
            ("Option", "Default", "What it does"),
            ((_names(one), _default(one), prose(one.help or "")) for one in options),
        )


def _names(option: click.Option) -> str:
    given = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('x')))}"
    return ", ".join(code(name + given) for name in option.opts)


def _default(option: click.Option) -> str:
    if option.required:
        return "**required**"
    return code(option.default) if option.show_default and option.default is not None else ""
