"""`python -m wiring.demo` runs the demonstration; `python -m wiring.demo reset` forgets it."""

import sys

from wiring.demo.run import main

sys.exit(main(sys.argv[1:]))
