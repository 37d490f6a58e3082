"""THE MAP: what the packages bring, in plain lists. Whoever adds a part that is not a plug-in adds a line here.

Plug-ins (grants, endpoints, kinds of cities, families of feeds, rules, channels) are found by their folders and are
not listed.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click
from flask import Flask

import connectors.admin
import idp.account_pages.apps
import idp.account_pages.devices
import idp.account_pages.links
import idp.account_pages.two_step
import idp.account_pages.two_step_add
import idp.accounts.cli
import idp.authorize.routes
import idp.clients.admin
import idp.consent.pages
import idp.cross_device.pages
import idp.cross_device.ping
import idp.developers
import idp.guards
import idp.login.account
import idp.login.link_routes
import idp.login.routes
import idp.login.second_routes
import idp.login.step_up
import idp.logout.routes
import idp.logout.send
import idp.registration.cli
import idp.sweep
import idp.tokens.cli
import idp.tokens.keys
import idp.tokens.sweep
import profiles.enterprise.routes
import profiles.feeds.admin
import profiles.feeds.cli
import profiles.feeds.endpoint
import profiles.materials.endpoints
import profiles.materials.pages
import profiles.person.routes
import subscriptions.handlers
import subscriptions.pages.mail_folder
import subscriptions.pages.messages
import subscriptions.tasks
from connectors.breaker import ConnectorSettings
from idp.claims import install_claims
from idp.endpoint import machine_endpoints
from idp.own_claims import OwnClaims
from idp.registration.settings import RegistrationSettings
from idp.resource import install_apis
from idp.sessions import Sessions
from idp.settings import (
    ClientCertificateSettings,
    DpopSettings,
    PushedRequestSettings,
    SignInSettings,
    TokenSettings,
)
from kernel import audit_seal, health, policies, prefs
from kernel import format as formats
from kernel.machine import Endpoint
from kernel.outbox import Handler
from kernel.settings import KernelSettings, Section
from kernel.tasks import Periodic
from kernel.web import Access, Guard, GuardedBlueprint
from profiles.cases import calendar
from profiles.claims import Claims
from profiles.feeds import interpret
from profiles.materials.release import forget_packages
from profiles.panels import install_messages
from profiles.settings import ProfilesSettings
from subscriptions.panel import Messages
from subscriptions.settings import SubscriptionsSettings
from wiring import cli, home
from wiring.reference.cli import reference

SETTINGS: tuple[type[Section], ...] = (
    KernelSettings,
    ConnectorSettings,
    SignInSettings,
    TokenSettings,
    ClientCertificateSettings,
    DpopSettings,
    PushedRequestSettings,
    RegistrationSettings,
    ProfilesSettings,
    SubscriptionsSettings,
)

# --- the people's door

BLUEPRINTS: tuple[GuardedBlueprint, ...] = (
    home.pages,
    idp.authorize.routes.pages,
    idp.login.routes.login,
    idp.login.second_routes.second_step,
    idp.login.step_up.step_up,
    idp.login.account.account,
    idp.login.link_routes.link,
    idp.consent.pages.consent,
    idp.logout.routes.logout,
    idp.cross_device.pages.pages,
    idp.account_pages.links.links,
    idp.account_pages.apps.apps,
    idp.account_pages.devices.devices,
    idp.account_pages.two_step.two_step,
    idp.account_pages.two_step_add.two_step_add,
    profiles.person.routes.pages,
    profiles.enterprise.routes.pages,
    profiles.materials.pages.pages,
    profiles.feeds.admin.pages,
    idp.clients.admin.pages,
    idp.developers.pages,
    subscriptions.pages.messages.pages,
)

DEMO_BLUEPRINTS: tuple[GuardedBlueprint, ...] = (subscriptions.pages.mail_folder.pages,)
"""Pages that exist in demo mode only."""

GUARDS: dict[Access, Guard] = {
    Access.SIGNED_IN: idp.guards.signed_in,
    Access.ADMIN: idp.guards.admin,
}


def _sessions(app: Flask) -> None:
    app.session_interface = Sessions()


INSTALLS: tuple[Callable[[Flask], None], ...] = (_sessions, prefs.install, policies.install, formats.install)
"""What needs the application itself: the session, filters, what every page is told."""

# --- the machine door

ENDPOINTS: tuple[Endpoint, ...] = (
    *health.ENDPOINTS,
    *machine_endpoints(),
    *profiles.feeds.endpoint.ENDPOINTS,
    *profiles.materials.endpoints.ENDPOINTS,
)

# --- between the packages: what happened, what is due, who answers whom

HANDLERS: tuple[Handler[Any], ...] = (*subscriptions.handlers.HANDLERS,)

PERIODIC: tuple[Periodic, ...] = (
    Periodic(name="audit.seal", every=timedelta(minutes=1), run=audit_seal.seal),
    Periodic(name="calendar.keep", every=timedelta(days=1), run=calendar.keep),
    Periodic(name="feeds.resume", every=timedelta(minutes=1), run=interpret.resume),
    Periodic(name="reuse.forget", every=timedelta(minutes=1), run=forget_packages),
    idp.sweep.SWEEPER,
    idp.tokens.sweep.PERIODIC,
    idp.tokens.keys.PERIODIC,
    *idp.logout.send.PERIODIC,
    *idp.cross_device.ping.PERIODIC,
    *subscriptions.tasks.PERIODIC,
)

PORTS: tuple[Callable[[], None], ...] = (
    lambda: install_claims(Claims(OwnClaims())),
    lambda: install_messages(Messages()),
    lambda: install_apis((profiles.feeds.endpoint.API, profiles.materials.endpoints.API)),
)
"""Each gives an asker the one who answers."""

# --- the operator's door

COMMANDS: tuple[click.Command, ...] = (
    *cli.GROUPS,
    reference,
    connectors.admin.cities,
    idp.accounts.cli.users,
    idp.registration.cli.clients,
    idp.tokens.cli.keys,
    profiles.feeds.cli.feeds,
    profiles.feeds.cli.calendar,
)
