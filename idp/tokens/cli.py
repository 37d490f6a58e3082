"""``flask keys …``: the signing keys."""

import click
from flask.cli import AppGroup

from idp.tokens import keys as ring
from kernel import db

keys = AppGroup("keys", help="The keys tokens are signed with.")


@keys.command("rotate")
@click.option("--alg", type=click.Choice(ring.ALGORITHMS), default=None, help="One algorithm; all without it.")
@click.option(
    "--signs-after-hours",
    type=click.FloatRange(min=0),
    default=ring.DAY.total_seconds() / 3600,
    show_default=True,
    help="Clients see the key for so long before it signs; 0 only when the old one is not safe any more.",
)
def rotate(alg: str | None, signs_after_hours: float) -> None:
    """Publish a new key. It signs from the given time on; the old one stays in the JWKS for a day after that."""
    for each in [alg] if alg else ring.ALGORITHMS:
        with db.transaction() as session:
            kid = ring.rotate(session, each, signs_after=ring.HOUR * signs_after_hours)
        click.echo(f"{each} {kid}")
