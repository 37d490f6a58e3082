"""A bare WSGI application for granian: what BENCH_DOCUMENTS holds by path, and nothing else."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.floors import answer_of

_file = Path(os.environ["BENCH_DOCUMENTS"])  # noqa: TID251  # not Kapok's
_answers = {
    path: answer_of("200 OK", [tuple(pair) for pair in one["headers"]], one["body"].encode())
    for path, one in json.loads(_file.read_text()).items()
}


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    return _answers[environ["PATH_INFO"]](environ, start_response)
