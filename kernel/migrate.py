"""Bring the database to the schema of this version; see ``alembic.ini`` and ``migrations/``."""

import importlib
import pkgutil
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from kernel import db

INI: Final = Path(__file__).parent.parent / "alembic.ini"


def config() -> Config:
    return Config(INI)


def upgrade(revision: str = "head") -> None:
    """Run the migrations that the configured database lacks. A second run does nothing."""
    command.upgrade(config(), revision)


def is_current() -> bool:
    """Whether the configured database has this version's schema; quicker than to run no migrations."""
    with db.engine().connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(ScriptDirectory.from_config(config()).get_heads())


def import_models() -> None:
    """Import every module that holds tables, so that ``Base.metadata`` knows them all.

    The modules are listed in ``alembic.ini`` under ``models``; of a package, everything in it is imported. The list
    stands there because kernel names none of the packages above it.
    """
    for name in (config().get_main_option("models") or "").split():
        module = importlib.import_module(name)
        for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
            importlib.import_module(found.name)
