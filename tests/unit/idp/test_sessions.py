"""What a visitor's session is: made at the first write, bounded, its cookie value never stored."""

import json

import pytest
from flask import Flask, session
from werkzeug.test import Client

from idp import sessions
from idp.sessions import Sessions
from kernel import keyvalue
from tests.conftest import LoadSettings


@pytest.fixture
def client() -> Client:
    app = Flask("sessions")
    app.session_interface = Sessions()

    @app.get("/read")
    def read() -> dict[str, object]:
        return dict(session)

    @app.get("/write/<name>/<value>")
    def write(name: str, value: str) -> str:
        session[name] = value
        return "written"

    @app.get("/fill")
    def fill() -> str:
        session["csrf_token"] = "kept"
        session["pile"] = "x" * sessions.MOST_BYTES
        return "filled"

    @app.get("/browser")
    def browser() -> str:
        return sessions.current().browser

    return Client(app)


def cookie(client: Client) -> str | None:
    found = client.get_cookie("kapok")
    return found.value if found else None


def test_reading_makes_no_session(client: Client) -> None:
    response = client.get("/read")
    assert (response.json, cookie(client), response.headers["Vary"]) == ({}, None, "Cookie")


def test_writing_makes_one_that_only_its_cookie_opens(client: Client) -> None:
    client.get("/write/colour/red")
    value = cookie(client)
    assert value
    kind, _, secret = value.partition(".")
    assert (kind, len(secret)) == ("a", 43)
    assert client.get("/read").json == {"colour": "red"}
    store = keyvalue.store()
    assert isinstance(store, keyvalue.MemoryStore)
    assert not any(secret in key for key in store._entries)


@pytest.mark.parametrize("value", ["a.guess", "nonsense", "a.", "a." + "x" * 65, "b.guess"])
def test_what_nobody_was_given_opens_nothing_and_is_taken_away(client: Client, value: str) -> None:
    client.set_cookie("kapok", value)
    response = client.get("/read")
    assert response.json == {}
    assert ("Set-Cookie" in response.headers) == bool(value.partition(".")[2])


def test_a_session_cannot_grow_without_end(client: Client) -> None:
    client.get("/write/colour/red")
    client.get("/fill")
    assert client.get("/read").json == {"csrf_token": "kept"}
    store = keyvalue.store()
    assert isinstance(store, keyvalue.MemoryStore)
    assert all(len(json.dumps(value)) < sessions.MOST_BYTES for value in store._entries.values())


def test_one_browser_has_one_name_and_another_has_another(client: Client) -> None:
    first = client.get("/browser").text
    assert client.get("/browser").text == first
    assert Client(client.application).get("/browser").text != first


def test_the_cookie_is_bound_to_the_host_where_there_is_tls(load_settings: LoadSettings) -> None:
    load_settings(PUBLIC_URL="https://id.example.gov.cn")
    app = Flask("secure")
    app.session_interface = Sessions()

    @app.get("/write")
    def write() -> str:
        session["a"] = 1
        return ""

    set_cookie = Client(app).get("/write").headers["Set-Cookie"]
    assert set_cookie.startswith("__Host-kapok=a.")
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert attribute in set_cookie
    assert "Domain" not in set_cookie
