"""What the fuzzing tests look for, they find: each of these answers would be a hole."""

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from tests.protocol.fuzzing import IMAGE, SCRIPT, sound
from tests.protocol.parties import CALLBACK

PAGE = {"mimetype": "text/html", "headers": {"Content-Security-Policy": "default-src 'none'; script-src 'self'"}}
JSON = {"mimetype": "application/json", "status": 400}


def sees(response):
    return Client(response).get("/")


@pytest.mark.parametrize(
    "response",
    [
        Response("x", status=500),
        Response(status=303, headers={"Location": "https://evil.example/"}),
        Response(status=303, headers={"Location": "//evil.example/"}),
        Response(status=303, headers={"Location": "/%5cevil.example/"}),
        Response(status=303, headers={"Location": CALLBACK.replace("cb?", "cbx?")}),
        Response(status=200, headers={"Location": "/login"}),
        Response(status=303, headers={"Location": "/login", "Set-Cookie": "kapok=s.evil"}),
        Response(f'<input value="{SCRIPT}">', **PAGE),
        Response(f"<input value='{IMAGE}'>", **PAGE),
        Response('<a href="javascript:alert(1)">', **PAGE),
        Response('<form method="post" action="https://evil.example/">', **PAGE),
        Response('<form method="post" action="//evil.example/">', **PAGE),
        Response("<p>", mimetype="text/html"),
        Response("<p>", mimetype="text/html", headers={"Content-Security-Policy": "script-src 'unsafe-inline'"}),
        Response('{"error":"made_up"}', **JSON),
        Response('{"error":"invalid_request","error_description":"\u6570"}', **JSON),
        Response('{"error":"invalid_request","error_description":"a \\"b\\""}', **JSON),
        Response('{"no":"error"}', **JSON),
        Response("{}", **JSON),
        Response("x" * 300_000, mimetype="text/plain"),
    ],
)
def test_a_hole(response):
    with pytest.raises((AssertionError, KeyError)):
        sound(sees(response), "what was sent", CALLBACK)


@pytest.mark.parametrize(
    "response",
    [
        Response(status=303, headers={"Location": f"{CALLBACK}&code=x"}),
        Response(status=303, headers={"Location": "/login?flow=x"}),
        Response('<a href="/x">&lt;script&gt;alert(1)</a><form action="/login">', **PAGE),
        Response('{"error":"invalid_request","error_description":"say less"}', **JSON),
    ],
)
def test_none(response):
    sound(sees(response), "what was sent", CALLBACK)
