"""A process that imports what Kapok needs of others and nothing else; BENCH_LIBRARIES names a file with the names."""

import contextlib
import importlib
import os
from pathlib import Path

from bench.floors import answer_of

for _name in Path(os.environ["BENCH_LIBRARIES"]).read_text().split():  # noqa: TID251  # not Kapok's
    with contextlib.suppress(ImportError):  # a name that its package made up
        importlib.import_module(_name)

app = answer_of("200 OK", [("Content-Length", "2")], b"ok")
