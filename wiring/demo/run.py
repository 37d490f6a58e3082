"""Starting the demonstration in one terminal, and ending it with one Ctrl-C."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from kernel import db, http, log, migrate, settings
from kernel.settings import KernelSettings, SettingsError
from wiring.demo import sheet
from wiring.demo.places import HOST, Places, Stop, check

_READY_SECONDS = 60
_STOP_SECONDS = 35  # longer than the worker's own time to finish what it does


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C; 0 when it ended as asked, 1 with one line on standard error when something is in the way."""
    _environment()
    try:
        places = _places()
        if list(arguments) == ["reset"]:
            shutil.rmtree(places.folder, ignore_errors=True)
            click.echo("kapok: the demonstration is forgotten; make run starts it anew")
            return 0
        check(places)
        _run(places)
    except SettingsError as fault:
        click.echo(f"kapok: {fault}", err=True)
        return 1
    except Stop as stop:
        click.echo(f"kapok: {stop}", err=True)
        return 1
    return 0


def _environment() -> None:
    """Demo mode for this process and its children; what the caller has set stays."""
    for name, value in {
        "KAPOK_DEMO": "1",
        "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "LOG_LEVEL": "WARNING",
        # Whoever tries the demonstration at night wants to see the letter now.
        "QUIET_FROM": "0",
        "QUIET_UNTIL": "0",
    }.items():
        os.environ.setdefault(name, value)  # noqa: TID251  # children read it


def _places() -> Places:
    settings.load(KernelSettings)  # the web process checks all of them
    mine = settings.of(KernelSettings)
    log.configure(level=mine.log_level, readable=True)
    return Places(folder=mine.instance_dir.absolute(), port=mine.port)


def _run(places: Places) -> None:
    first = not places.seeded.exists()
    if first:
        click.echo("kapok: first start, setting up the demo province …")
    if first or not migrate.is_current():
        _prepare(places)
    db.dispose()
    children = _Children()
    try:
        children.start("web", _web(places))
        children.start("city", [sys.executable, "-m", "examples.city", str(places.files / "city.json")])
        children.start("portal", [sys.executable, "-m", "examples.portal", str(places.files / "portal.json")])
        for name, command in _workers():
            children.start(name, command)
        for url in (f"{places.city}/healthz", f"{places.portal}/healthz", f"{places.web}/readyz"):
            children.wait_for(url)
        if first:
            _report(places)
        sheet.write(places, json.loads(places.registered.read_text(encoding="utf-8")))
        click.echo(sheet.table(json.loads(places.sheet.read_text())))
        children.watch()
    finally:
        children.stop()


def _prepare(places: Places) -> None:
    """Schema, calendar, registrations. Imported only here: the whole application costs seconds a later start saves."""
    from profiles.cases import calendar
    from wiring.demo import seed
    from wiring.start import start

    start()
    migrate.upgrade()
    calendar.keep()
    seed.register(places)


def _report(places: Places) -> None:
    from wiring.demo import seed

    seed.report(places, json.loads(places.registered.read_text(encoding="utf-8")))
    places.seeded.write_text("")


def _web(places: Places) -> list[str]:
    command = [_program("granian"), "--interface", "wsgi", "--host", HOST, "--port", str(places.port)]
    command += ["--workers", "2" if _distributed() else "1", "--blocking-threads", "32", "--workers-kill-timeout", "30"]
    return [*command, "--no-ws", "--log-level", "warning", "wsgi:app"]


def _workers() -> Iterator[tuple[str, list[str]]]:
    """With a broker, work is done by Celery's workers, woken by beat: the arrangement of production, on one machine."""
    if _distributed():
        celery = [_program("celery"), "-A", "worker", "--quiet"]
        for n in (1, 2):
            yield (
                f"worker {n}",
                [*celery, "worker", "--concurrency", "1", "--hostname", f"{n}@kapok", "--loglevel", "warning"],
            )
        yield "beat", [*celery, "beat", "--loglevel", "warning"]


def _distributed() -> bool:
    return settings.of(KernelSettings).celery_broker_url is not None


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


class _Children:
    """The processes of the demonstration: each in a group of its own, so that Ctrl-C reaches them through us only."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        # Explicitly: a shell that started us in the background has told us to ignore Ctrl-C.
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, _interrupt)

    def start(self, name: str, command: list[str]) -> None:
        self._running[name] = subprocess.Popen(command, start_new_session=True)  # noqa: S603  # our own programs

    def wait_for(self, url: str) -> None:
        """Until `url` answers 200.

        :raises Stop: when a process ended, or after a minute.
        """
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            self._check()
            with contextlib.suppress(http.Unreachable):
                if http.request("GET", url, internal=True, timeout=2).status == 200:
                    return
            time.sleep(0.05)
        raise Stop(f"{url} did not answer within {_READY_SECONDS} seconds; LOG_LEVEL=INFO make run shows why")

    def watch(self) -> None:
        """Stay until Ctrl-C or until a process ends by itself."""
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                self._check()
                time.sleep(0.5)

    def stop(self) -> None:
        """Ask all to finish what they do, then end what did not."""
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, signal.SIG_IGN)
        for process in self._running.values():
            process.terminate()
        end = time.monotonic() + _STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _check(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Stop(
                    f"the {name} process ended by itself (exit status {process.returncode}); its last lines are above"
                )


def _interrupt(_signal: int, _frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt
