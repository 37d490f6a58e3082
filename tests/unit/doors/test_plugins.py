"""Plug-ins are found by their folder."""

import sys

import pytest

from kernel.plugins import PluginError, discover


class Kind:
    def __init__(self, name: str) -> None:
        self.name = name


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Writes a package of plug-ins and gives its name; ``write(b="plugin = …")``."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "kinds_contract", type(sys)("kinds_contract"))
    sys.modules["kinds_contract"].Kind = Kind

    def write(**modules: str) -> str:
        package = tmp_path / f"kinds_{len(list(tmp_path.iterdir()))}_{id(modules)}"
        package.mkdir()
        (package / "__init__.py").write_text("")
        for name, text in modules.items():
            (package / f"{name}.py").write_text("from kinds_contract import Kind\n" + text)
        return package.name

    return write


def test_plugins_come_by_name_in_the_order_of_their_modules(folder):
    found = discover(folder(b="plugin = Kind('first')", a="plugin = Kind('second')", _private="oops"), Kind)
    assert list(found) == ["second", "first"]


def test_two_of_one_name_stop_the_start(folder):
    with pytest.raises(PluginError, match="called 'x'"):
        discover(folder(a="plugin = Kind('x')", b="plugin = Kind('x')"), Kind)


def test_a_module_without_a_plugin_stops_the_start(folder):
    with pytest.raises(PluginError, match="offers no `plugin`"):
        discover(folder(a=""), Kind)


def test_a_plugin_without_the_contract_stops_the_start(folder):
    with pytest.raises(PluginError, match="is not a Kind"):
        discover(folder(a="plugin = 5"), Kind)


def test_a_plugin_that_cannot_be_imported_stops_the_start(folder):
    with pytest.raises(ZeroDivisionError):
        discover(folder(a="1 / 0"), Kind)
