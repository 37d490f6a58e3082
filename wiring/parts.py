"""THE MAP: what the packages bring, in plain lists. Whoever adds a part that is not a plug-in adds a line here.

Plug-ins (grants, endpoints, kinds of cities, families of feeds, rules, channels) are found by their folders and are not
listed.
"""

from collections.abc import Callable
from typing import Any

import click
from flask import Flask

import idp.authorize.routes
import idp.clients.cli
import idp.consent.pages
import idp.guards
import idp.login.link_routes
import idp.login.routes
import idp.logout.routes
import idp.tokens.cli
from connectors.admin import cities
from idp.endpoint import machine_endpoints
from idp.sessions import Sessions
from idp.settings import SignInSettings, TokenSettings
from kernel import audit_seal, health, outbox_upkeep, policies, prefs
from kernel import format as formats
from kernel.machine import Endpoint
from kernel.outbox import Handler
from kernel.settings import KernelSettings, Section
from kernel.tasks import Periodic
from kernel.web import Access, Guard, GuardedBlueprint
from wiring import cli, home

SETTINGS: tuple[type[Section], ...] = (KernelSettings, SignInSettings, TokenSettings)

# The people's door

BLUEPRINTS: tuple[GuardedBlueprint, ...] = (
    home.pages,
    idp.authorize.routes.pages,
    idp.login.routes.login,
    idp.login.link_routes.link,
    idp.consent.pages.consent,
    idp.logout.routes.logout,
)

DEMO_BLUEPRINTS: tuple[GuardedBlueprint, ...] = ()
"""Pages that exist in demo mode only."""

GUARDS: dict[Access, Guard] = {
    Access.SIGNED_IN: idp.guards.signed_in,
    Access.ADMIN: idp.guards.admin,
}


def _sessions(app: Flask) -> None:
    app.session_interface = Sessions()


INSTALLS: tuple[Callable[[Flask], None], ...] = (_sessions, prefs.install, policies.install, formats.install)
"""What needs the application itself: the session, filters, what every page is told."""

# The machine door

ENDPOINTS: tuple[Endpoint, ...] = (*health.ENDPOINTS, *machine_endpoints())

# Between the packages

HANDLERS: tuple[Handler[Any], ...] = ()

PERIODIC: tuple[Periodic, ...] = (audit_seal.SEALER, outbox_upkeep.PURGER)

PORTS: tuple[Callable[[], None], ...] = ()
"""Each gives an asker the one who answers."""

# The operator's door

COMMANDS: tuple[click.Command, ...] = (*cli.GROUPS, idp.clients.cli.clients, idp.tokens.cli.keys, cities)
