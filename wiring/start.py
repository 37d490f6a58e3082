"""Making a process ready: the same for web processes, workers and commands."""

import os
from collections.abc import Mapping

from kernel import db as database
from kernel import keyvalue, log, outbox, settings, tasks
from kernel.settings import KernelSettings
from wiring import parts


def start(environ: Mapping[str, str] | None = None) -> KernelSettings:
    """Read the settings, open what they name and connect the parts; may be called again.

    :param environ: used instead of the process environment and its files (tests). :raises SettingsError: with every
    fault of every section.
    """
    os.umask(0o077)  # what this process writes, database and mail among it, is for its own user only
    settings.load(*parts.SETTINGS, environ=environ)
    mine = settings.of(KernelSettings)
    log.configure(level=mine.log_level, readable=mine.demo)
    database.configure(mine.database_url)
    keyvalue.configure(mine.redis_url)
    connect()
    return mine


def connect() -> None:
    """Tell the kernel and the ports which parts there are."""
    outbox.register(parts.HANDLERS)
    tasks.register_periodic(parts.PERIODIC)
    for install in parts.PORTS:
        install()
