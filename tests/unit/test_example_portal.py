"""What developers copy from the example portal and city holds against hostile input."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from examples.city import app as city_app
from examples.portal import app as portal_app
from examples.portal.logins import Login

CLIENT = {"client_id": "c", "client_secret": "s", "redirect_uris": []}


@pytest.fixture
def portal() -> FlaskClient:
    made: Flask = portal_app.portal(
        {"url": "http://127.0.0.1:1", "issuer": "http://127.0.0.1:2"}, CLIENT, path="", skin="first"
    )
    kapok = made.extensions["authlib.integrations.flask_client"].kapok
    kapok.server_metadata = {"authorization_endpoint": "http://127.0.0.1:2/authorize", "_loaded_at": 1}
    return made.test_client()


def signed_in(portal: FlaskClient) -> None:
    login = Login(token={}, id_claims={"sub": "x"}, claims={})
    with portal.session_transaction() as session:
        session["login"] = "key"
    portal.application.extensions["logins"]._logins["key"] = login


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "///evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "x", "/\n"],
)
def test_next_is_a_path_of_the_portal(portal: FlaskClient, target: str) -> None:
    portal.get("/login", query_string={"next": target})
    with portal.session_transaction() as session:
        assert session["next"] == ""


def test_next_keeps_its_query(portal: FlaskClient) -> None:
    portal.get("/login", query_string={"next": "/apply/x?a=1"})
    with portal.session_transaction() as session:
        assert session["next"] == "/apply/x?a=1"


def test_a_form_token_that_is_not_ascii_is_a_wrong_one(portal: FlaskClient) -> None:
    portal.get("/")
    assert portal.post("/logout", data={"csrf_token": "中"}).status_code == 400


@pytest.mark.parametrize("state", ["中", "-", "", "x"])
def test_materials_that_this_browser_did_not_ask_for_are_refused(portal: FlaskClient, state: str) -> None:
    signed_in(portal)
    assert portal.get("/materials", query_string={"state": state}).status_code == 400
    with portal.session_transaction() as session:
        session["asked"] = {"state": "s", "slug": "licence-renewal"}
    assert portal.get("/materials", query_string={"state": state}).status_code == 400


def test_a_token_at_the_city_that_is_not_ascii_is_a_wrong_one(tmp_path: Path) -> None:
    people = Path(city_app.__file__).parent / "people.ldif"
    config = {"issuer": "http://127.0.0.1:2", "people": str(people), "clients": [CLIENT]}
    assert city_app.create(config, tmp_path).test_client().post("/logout", data={"csrf_token": "中"}).status_code == 200
