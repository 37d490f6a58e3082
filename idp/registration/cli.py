"""``flask clients invite`` and its siblings: who may register clients over HTTP, and the tokens they manage them by."""

import json
from datetime import timedelta

import click

from idp import scopes
from idp.clients.cli import clients, told
from idp.clients.metadata import DEFAULT_SCOPE
from idp.grant import grants
from idp.registration import invitations, register
from idp.registration.policy import Policy
from kernel import clock, db

__all__ = ["clients"]


@clients.command("invite")
@click.argument("name")
@click.option(
    "--uses", type=click.IntRange(0, 1_000_000), default=1, show_default=True, help="0: any number of clients."
)
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How long it is good.")
@click.option("--scope", default=DEFAULT_SCOPE, show_default=True, help="The most its clients may ask for.")
@click.option("--grant", "more", multiple=True, help="A grant_type beyond code, refresh and client_credentials.")
@click.option(
    "--without-pkce", is_flag=True, help="Its clients need send no code_challenge (certification, old portals)."
)
@click.option("--fapi2", is_flag=True, help="Its clients keep every rule of FAPI 2.0.")
@click.option("--internal", is_flag=True, help="We may call its clients inside EGRESS_ALLOWED_NETWORKS.")
def invite(
    name: str,
    uses: int,
    days: int,
    scope: str,
    more: tuple[str, ...],
    *,
    without_pkce: bool,
    fapi2: bool,
    internal: bool,
) -> None:
    """Let NAME register clients at /register. Answers JSON; the token is shown this once."""
    if unknown := [one for one in scopes.split(scope) if not scopes.exists(one)]:
        raise click.BadParameter(f"there is no {', '.join(unknown)}", param_hint="--scope")
    if unknown := [one for one in more if one not in grants()]:
        raise click.BadParameter(f"there is no {', '.join(unknown)}", param_hint="--grant")
    if without_pkce and fapi2:
        raise click.UsageError("FAPI 2.0 does not go without PKCE")
    policy = Policy(
        scope=" ".join(scopes.split(scope)), grants=more, without_pkce=without_pkce, fapi2=fapi2, internal=internal
    )
    with told(), db.transaction() as session:
        invitation_id, token = invitations.invite(
            session, name=name[:200], policy=policy, uses=uses or None, life=timedelta(days=days)
        )
    click.echo(json.dumps({"invitation": invitation_id, "initial_access_token": token}, indent=2))


@clients.command("invitations")
def list_invitations() -> None:
    """The invitations, the newest first: state, id, uses left, last day, name, what they allow."""
    with db.reading() as session:
        for row in invitations.all_of_them(session):
            policy = Policy.of(row.policy)
            extras = [
                *(policy.grants),
                *(["without PKCE"] if policy.without_pkce else []),
                *(["FAPI 2.0"] if policy.fapi2 else []),
                *(["internal"] if policy.internal else []),
            ]
            state = "good" if invitations.counts(row) else "over"
            uses = "any" if row.uses_left is None else str(row.uses_left)
            day = f"{clock.local(row.expires_at):%Y-%m-%d}" if row.expires_at else "-"
            click.echo("\t".join([state, row.id, uses, day, row.name, policy.scope, ", ".join(extras)]).rstrip())


@clients.command("uninvite")
@click.argument("invitation_id")
def uninvite(invitation_id: str) -> None:
    """Let nobody register with INVITATION_ID any more. The clients that did stay as they are."""
    with told(), db.transaction() as session:
        invitations.uninvite(session, invitation_id)


@clients.command("token")
@click.argument("client_id")
def token(client_id: str) -> None:
    """Give CLIENT_ID a new token to manage its registration by; the one before is worth nothing. Answers JSON."""
    with told(), db.transaction() as session:
        answer = register.new_token(session, client_id)
    click.echo(json.dumps(answer, indent=2))
