"""``python -m examples.city FILE``: a city's own sign-in system for demonstrations and tests."""

import sys

from examples.city.app import create
from examples.serve import main

NEEDED = ("port", "issuer", "people", "clients")

sys.exit(main("python -m examples.city FILE", NEEDED, create))
