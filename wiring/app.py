"""The web application: Flask for people, and in front of it the door for machines."""

import sys
import threading
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import click
from flask import Flask
from flask.cli import ScriptInfo

from idp import oauth_errors
from kernel import i18n, settings, web
from kernel.door import Door, Wsgi
from kernel.settings import LOOPBACK, KernelSettings, SettingsError
from kernel.tasks import EmbeddedWorker
from wiring import layout, parts
from wiring.start import connect, start
from wiring.static_files import StaticFiles

ROOT = Path(__file__).resolve().parent.parent


def create_app() -> Flask:
    """The application for the settings that are loaded; both doors stand behind its ``wsgi_app``.

    :raises RuntimeError: for a route that no guard stands before.
    """
    mine = settings.of(KernelSettings)
    connect()
    files = StaticFiles(ROOT / "static")
    app = Flask(
        "kapok",
        root_path=str(ROOT),
        static_folder=str(ROOT / "static"),
        static_url_path=files.url_path,
        template_folder=str(ROOT / "templates"),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    web.install(app, public=mine.public_url, secret_key=mine.secret_key.get_secret_value())
    i18n.install(app, folder=ROOT / "locale", timezone=mine.timezone)
    layout.install(app)
    for access, guard in parts.GUARDS.items():
        web.install_guard(access, guard)
    for install in parts.INSTALLS:
        install(app)
    # Whoever opens a demonstration to the world must not open everybody's mail with it.
    here_alone = mine.demo and urlsplit(mine.public_url).hostname in LOOPBACK
    for blueprint in (*parts.BLUEPRINTS, *(parts.DEMO_BLUEPRINTS if here_alone else ())):
        app.register_blueprint(blueprint)
    for command in parts.COMMANDS:
        app.cli.add_command(command)
    if unguarded := list(web.unguarded(app)):
        raise RuntimeError(f"no guard stands before {', '.join(unguarded)}")
    door = Door(
        [files.endpoint(), *parts.ENDPOINTS],
        cast("Wsgi", app.wsgi_app),
        public_url=mine.public_url,
        trusted_hops=mine.trusted_hops,
        error_reference=oauth_errors.uri(""),
    )
    app.wsgi_app = door  # type: ignore[method-assign]  # Flask's documented place for middleware
    return app


def serve() -> Flask:
    """What ``wsgi.py`` is: the application of the environment's settings, with its worker when it needs one."""
    try:
        mine = start()
    except SettingsError as fault:
        sys.exit(f"kapok: {fault}")
    app = create_app()
    if mine.celery_broker_url is None:
        if not _is_command():
            _start_worker()
    else:
        from wiring.doorbell import install

        install(mine.celery_broker_url)
    return app


def _is_command() -> bool:
    """Whether the ``flask`` command imported us: it serves nobody and must not work through the queue."""
    context = click.get_current_context(silent=True)
    return context is not None and context.find_object(ScriptInfo) is not None


def _start_worker() -> None:
    """Start the worker of this process, and stop it when the server has answered what was running.

    A server's process ends through ``threading._shutdown`` whether it is a main process or a child of multiprocessing
    (which runs no ``atexit``); concurrent.futures waits for its threads by the same hook.
    """
    worker = EmbeddedWorker()
    worker.start()
    threading._register_atexit(worker.stop)  # type: ignore[attr-defined]  # noqa: SLF001  see above
