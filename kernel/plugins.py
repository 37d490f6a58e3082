"""One file, one plug-in: a folder's modules are read in name order and each offers its ``plugin``."""

import importlib
import pkgutil
from typing import TypeVar

P = TypeVar("P")


class PluginError(RuntimeError):
    """A folder of plug-ins is not in order; the start stops, because half a set of plug-ins is worse than none."""


def discover(package_name: str, contract: type[P]) -> dict[str, P]:
    """Every module's ``plugin`` in the package ``package_name``, by name, in the order of the modules' names.

    A plug-in's name is its ``name`` attribute, or the module's name when it has none. ``contract`` is a base class or
    a ``runtime_checkable`` protocol. Raises ``PluginError`` for a module without ``plugin``, a plug-in that does not
    fulfil the contract, and two plug-ins of one name.
    """
    package = importlib.import_module(package_name)
    found: dict[str, P] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if module_info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package_name}.{module_info.name}")
        plugin = getattr(module, "plugin", None)
        if plugin is None:
            raise PluginError(f"{module.__name__} offers no `plugin`")
        if not isinstance(plugin, contract):
            raise PluginError(f"{module.__name__}.plugin is not a {contract.__name__}")
        name = str(getattr(plugin, "name", module_info.name))
        if name in found:
            raise PluginError(f"two plug-ins in {package_name} are called {name!r}")
        found[name] = plugin
    return found
