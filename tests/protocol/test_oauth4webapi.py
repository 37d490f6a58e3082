"""npm's oauth4webapi, certified and unmodified, in Node.js against a running server. It checks every answer itself."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from idp.accounts import login_names
from idp.clients.metadata import CIBA_GRANT, DEVICE_GRANT
from idp.models.account import LoginName
from kernel.db import transaction
from tests.protocol.registrar import invite
from tests.protocol.test_standard_client import CALLBACK, served  # noqa: F401  # a fixture

CLIENTS = Path(__file__).parents[1] / "clients"
KEY = ECKey.generate_key("P-256")
KEY.ensure_kid()
BY_KEY = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [KEY.as_dict(private=False)]}}


@pytest.fixture(scope="session")
def node():
    """The command that runs a script with the libraries of `tests/clients`, which are put there at the first use."""
    program, npm = shutil.which("node"), shutil.which("npm")
    assert all((program, npm)), "Node.js and npm are missing: deploy/test-packages.sh installs them"
    with (CLIENTS / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several pytest workers one installs
        kept = CLIENTS / "node_modules" / ".package-lock.json"
        if not kept.exists() or kept.stat().st_mtime < (CLIENTS / "package-lock.json").stat().st_mtime:
            subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=CLIENTS, check=True)
            kept.touch()
    major = int(subprocess.check_output([program, "--version"], text=True).lstrip("v").partition(".")[0])
    return [program, *(["--experimental-global-webcrypto"] if major < 19 else [])]


@pytest.fixture
def run(node, served):  # noqa: F811  # the fixture above
    """Runs a flow for a portal, in the browser of a person who has agreed to what is asked for."""
    issuer, op = served
    person = op.person(email="z@example.gov.cn").sign_in()

    def run(flow, portal=None, **given):
        if portal is not None:
            op.consent(person, portal, "profile", "email")
            given |= {"client_id": portal.client_id, "secret": portal.secret, "redirect_uri": portal.redirect_uri}
        cookie = person.http.get_cookie("kapok", domain="127.0.0.1").value
        sent = json.dumps({"issuer": issuer, "cookie": cookie, "redirect_uri": CALLBACK} | given)
        told = subprocess.run(
            [*node, "oauth4webapi.mjs", flow, sent],
            cwd=CLIENTS,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)

    run.op, run.issuer, run.person = op, issuer, person
    return run


@pytest.mark.parametrize("algorithm", ["oidc", "oauth2"])
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_code_userinfo_refresh_introspection_revocation(run, method, algorithm):
    portal = run.op.portal(redirect_uris=[CALLBACK], token_endpoint_auth_method=method)
    told = run("code", portal, method=method, algorithm=algorithm)
    assert told["claims"]["nonce"] == "nonce-1"
    assert told["info"]["sub"] == told["claims"]["sub"]
    assert told["info"]["email"] == "z@example.gov.cn"
    assert told["rotated"]
    if method != "none":
        assert told["before"]["active"] is True
        assert told["signed"] == told["before"]
        assert told["after"] == {"active": False}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_id_tokens_in_every_algorithm(run, alg):
    registered = {"id_token_signed_response_alg": alg}
    portal = run.op.portal(redirect_uris=[CALLBACK], **registered)
    assert run("code", portal, client=registered)["claims"]["aud"] == portal.client_id


def test_a_machine(run):
    machine = run.op.machine_client("feeds:cases")
    assert run("machine", machine, scope="feeds:cases")["scope"] == "feeds:cases"


def test_fapi2_with_pushed_requests_a_key_and_proofs_with_nonces(run, load_settings, database):
    load_settings(DATABASE_URL=database, PUBLIC_URL=run.issuer, DPOP_NONCES="required")
    portal = run.op.portal(redirect_uris=[CALLBACK], fapi2=True, dpop_bound_access_tokens=True, **BY_KEY)
    told = run("fapi", portal, jwk=KEY.as_dict(private=True))
    assert told["type"] == "dpop"
    assert told["nonces"] == 1
    assert told["info"]["sub"] == told["claims"]["sub"]
    assert told["bearer"] == 401


def test_signed_requests_and_signed_answers(run):
    registered = {"require_signed_request_object": True, "require_pushed_authorization_requests": True}
    portal = run.op.portal(redirect_uris=[CALLBACK], request_object_signing_alg="ES256", **registered, **BY_KEY)
    told = run("signed", portal, jwk=KEY.as_dict(private=True))
    assert told["answer"] == ["response"]
    assert told["claims"]["nonce"] == "nonce-1"


def test_answers_and_errors_in_a_jwt(run):
    told = run("jarm", run.op.portal(redirect_uris=[CALLBACK]))
    assert told["claims"]["nonce"] == "nonce-1"
    assert told["error"] == "invalid_request"


def test_a_kiosk(run):
    kiosk = run.op.portal(
        redirect_uris=[], response_types=[], grant_types=[DEVICE_GRANT], token_endpoint_auth_method="none"
    )
    told = run("device", kiosk)
    assert told["early"] == "authorization_pending"
    assert told["claims"]["aud"] == kiosk.client_id


def test_a_desk(run):
    with transaction() as db:
        name = login_names.read("zhangsan-2026")
        db.add(LoginName(key=name.key, account_id=run.person.account_id, kind="username", shown="zhangsan-2026"))
    grants = [CIBA_GRANT]
    desk = run.op.portal(
        redirect_uris=[], response_types=[], grant_types=grants, backchannel_token_delivery_mode="poll"
    )
    assert run("ciba", desk, login_hint="zhangsan-2026")["claims"]["aud"] == desk.client_id


def test_registration(run):
    told = run("registration", invitation=invite())
    assert told["redirect_uris"] == [CALLBACK]
    assert told["client_secret"]


def test_metadata_of_an_interface(run):
    assert run("resource")["authorization_servers"] == [run.issuer]
