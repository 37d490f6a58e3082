"""THE MAP: what the packages bring, in plain lists. Whoever adds a part that is not a plug-in adds a line
here.

Plug-ins (grants, endpoints, kinds of cities, families of feeds, rules, channels) are found by their folders
and are not listed.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click
from flask import Flask

from idp.settings import SignInSettings, TokenSettings
from kernel import audit_seal, health, policies, prefs
from kernel import format as formats
from kernel.machine import Endpoint
from kernel.outbox import Handler
from kernel.settings import KernelSettings, Section
from kernel.tasks import Periodic
from kernel.web import GuardedBlueprint

SETTINGS: tuple[type[Section], ...] = (KernelSettings, SignInSettings, TokenSettings)

BLUEPRINTS: tuple[GuardedBlueprint, ...] = ()

INSTALLS: tuple[Callable[[Flask], None], ...] = (prefs.install, policies.install, formats.install)
"""What needs the application itself: filters, context, a session interface."""

ENDPOINTS: tuple[Endpoint, ...] = (*health.ENDPOINTS,)

HANDLERS: tuple[Handler[Any], ...] = ()

PERIODIC: tuple[Periodic, ...] = (Periodic(name="audit.seal", every=timedelta(minutes=1), run=audit_seal.seal),)

PORTS: tuple[Callable[[], None], ...] = ()
"""Each gives an asker the one who answers."""

COMMANDS: tuple[click.Command, ...] = ()
