"""``flask reference write``."""

from pathlib import Path

import click
from flask.cli import AppGroup

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"

reference = AppGroup("reference", help="The reference of this version, made from the code.")


@reference.command("write")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER)
def write(folder: Path) -> None:
    """Write settings, endpoints, events, errors, OAuth errors, feeds, connectors and commands as Markdown into FOLDER.

    Without FOLDER: docs/reference of this installation.
    """
    from wiring.reference.documents import documents  # it reads all of the source

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(folder / name)
