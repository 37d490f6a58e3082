"""``python -m examples.portal FILE``: two relying portals for demonstrations and tests, under ``/`` and ``/second``."""

import sys

from examples.portal.app import create
from examples.serve import main

NEEDED = ("port", "url", "issuer", "portal")

sys.exit(main("python -m examples.portal FILE", NEEDED, create))
