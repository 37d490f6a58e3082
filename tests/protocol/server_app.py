"""The real application with an echo, and one slow endpoint and one slow task for the test of its stop.

These two say in the folder FOLDER that they have begun, and go on when the test says so.
"""

import os
import time
from datetime import timedelta
from pathlib import Path

from kernel.machine import Answer, Endpoint, Request, json_answer
from kernel.tasks import Periodic
from wiring import app as wiring_app
from wiring import parts

FOLDER = Path(os.environ["FOLDER"])


def work(name: str) -> None:
    (FOLDER / f"{name}.began").touch()
    while not (FOLDER / f"{name}.go").exists():
        time.sleep(0.01)
    (FOLDER / f"{name}.done").touch()


def slow(_request: Request) -> Answer:
    work("request")
    return Answer(200, b"whole", (("Content-Type", "text/plain"),))


def echo(request: Request) -> Answer:
    return json_answer({"length": len(request.body()), "address": request.address, "path": request.path})


parts.ENDPOINTS = (
    *parts.ENDPOINTS,
    Endpoint(path="/slow", handle=slow),
    Endpoint(path="/echo/<path:rest>", handle=echo, methods=("POST",), max_body=200_000),
)
parts.PERIODIC = (Periodic(name="slow", every=timedelta(days=1), run=lambda: work("task")),)
app = wiring_app.serve()
