"""What counts once counts once at two real processes over one PostgreSQL and one Redis (IDENTITY §5, replay)."""

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.protocol.client_keys import Prover, key_client
from tests.protocol.nodes import node, post
from tests.protocol.parties import CALLBACK
from tests.protocol.pushing import pushed
from tests.protocol.test_redemption_nodes import at_once

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def two(database, tmp_path, redis_url, load_settings):
    """Two nodes; this process is a third one."""
    from kernel import keyvalue

    load_settings(DATABASE_URL=database, REDIS_URL=redis_url)
    keyvalue.configure(redis_url)
    with (
        node(tmp_path / "a", database, REDIS_URL=redis_url) as here,
        node(tmp_path / "b", database, REDIS_URL=redis_url) as there,
    ):
        yield here, there


def test_a_client_assertion(op, two):
    client = key_client(op)
    form = {"grant_type": "client_credentials", **client.form()}
    answers = at_once([*two] * 10, form, {})
    assert sorted(status for status, _ in answers) == [200] + [401] * 19
    assert {answer["error"] for status, answer in answers if status == 401} == {"invalid_client"}


def test_a_proof_of_possession(op, two):
    machine, prover = op.machine_client("feeds:cases"), Prover()
    answers = at_once([*two] * 10, {"grant_type": "client_credentials"}, machine.basic | prover.sent())
    assert sorted(status for status, _ in answers) == [200] + [400] * 19
    assert {answer["error"] for status, answer in answers if status == 400} == {"invalid_dpop_proof"}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


def test_a_pushed_request(op, two):
    """Opened in twenty tabs at once, it is answered with one code."""
    portal, person = op.portal(), op.person().sign_in()
    uri, cookie = pushed(op, portal), person.http.get_cookie("kapok", domain="127.0.0.1").value
    ports, opener = [*two] * 10, urllib.request.build_opener(_Stay())
    start = Barrier(len(ports))

    def visit(port):
        address = f"http://127.0.0.1:{port}/authorize?client_id={portal.client_id}&request_uri={uri}"
        start.wait(60)
        try:
            opener.open(urllib.request.Request(address, headers={"Cookie": f"kapok={cookie}"}), timeout=60)
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(len(ports)) as pool:
        answers = list(pool.map(visit, ports))
    codes = [place for status, place in answers if status == 303]
    assert len(codes) == 1, answers
    assert codes[0].startswith(f"{CALLBACK}&code=")
    assert {status for status, _ in answers} == {303, 400}


def test_a_device_code(op, two):
    from tests.protocol.test_device_grant import DEVICE_GRANT, KIOSK, decide, start

    kiosk, person = op.portal(**KIOSK), op.person().sign_in()
    begun = start(op, kiosk).json
    decide(person, begun["user_code"])
    form = {"grant_type": DEVICE_GRANT, "device_code": begun["device_code"], "client_id": kiosk.client_id}
    answers = at_once([*two] * 10, form, {})
    won = [answer for status, answer in answers if status == 200]
    assert len(won) == 1, answers
    assert {answer["error"] for status, answer in answers if status != 200} == {"invalid_grant"}
    # A second redemption ends what the first gave.
    again = {"grant_type": "refresh_token", "refresh_token": won[0]["refresh_token"], "client_id": kiosk.client_id}
    assert post(two[0], "/token", again, {})[1]["error"] == "invalid_grant"
