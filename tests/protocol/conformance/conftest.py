"""One provider and one set of portals for all the modules that a worker runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.protocol.conformance.suite import Suite, start


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Suite]:
    suite = start(tmp_path_factory.mktemp("conformance"), sqlite_template)
    yield suite
    suite.stop()


@pytest.fixture
def suite(running: Suite) -> Iterator[Suite]:
    yield running
    for browser in running.browsers:
        browser.close()
    running.browsers.clear()
    running.site.asked.clear()
