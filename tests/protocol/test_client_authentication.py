"""Every method of client authentication at every endpoint that asks for it: the same rules, the same answers."""

import base64
import time
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from idp.clients import change, registered
from idp.clients.method import Credentials, methods
from idp.clients.refused import ClientRefused, NothingSent
from kernel.db import transaction
from tests.protocol.client_keys import key_client, new_key
from tests.protocol.parties import ISSUER
from tests.protocol.test_code_redemption import refused
from tests.protocol.test_mtls import DN, make, proxied, sent

__all__ = ["proxied"]

ASKING = (
    "token_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
)
WELL_KNOWN = "/.well-known/openid-configuration"
PROVEN_ONLY = ("/introspect",)  # RFC 7662 §2.1
FORM = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"}
METHODS = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
)


@pytest.fixture
def op(op, proxied):
    return op


def basic(client_id, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


class Sender:
    """A client of one method: how it proves itself, and how somebody fails to."""

    def __init__(self, op, method):
        self.method = method
        key = new_key("ES256")
        changes = {
            "tls_client_auth": {"tls_client_auth_subject_dn": DN},
            "self_signed_tls_client_auth": {"jwks": {"keys": [key.as_dict(private=False)]}},
        }.get(method, {})
        if method == "private_key_jwt":
            grants = {"grant_types": ["authorization_code", "refresh_token"], "scope": "openid"}
            self.signer = key_client(op, redirect_uris=["https://portal.example.gov.cn/cb"], **grants)
            self.portal = self.signer.portal
        else:
            self.portal = op.portal(token_endpoint_auth_method=method, **changes)
        self.certificate = make(key.private_key)

    def good(self):
        return {
            "client_secret_basic": lambda: (self.portal.basic, {}),
            "client_secret_post": lambda: ({}, self._post(self.portal.secret)),
            "private_key_jwt": lambda: ({}, self.signer.form()),
            "tls_client_auth": lambda: (sent(self.certificate), self._named()),
            "self_signed_tls_client_auth": lambda: (sent(self.certificate, verified="NONE"), self._named()),
            "none": lambda: ({}, self._named()),
        }[self.method]()

    def bad(self):
        return {
            "client_secret_basic": lambda: (basic(self.portal.client_id, "wrong"), {}),
            "client_secret_post": lambda: ({}, self._post("wrong")),
            "private_key_jwt": lambda: ({}, self.signer.form(self.signer.assertion(key=new_key("ES256")))),
            "tls_client_auth": lambda: (sent(self.certificate, verified="NONE"), self._named()),
            "self_signed_tls_client_auth": lambda: (sent(make()), self._named()),
            "none": lambda: ({}, {"client_id": "nobody"}),
        }[self.method]()

    def _named(self):
        return {"client_id": self.portal.client_id}

    def _post(self, secret):
        return {**self._named(), "client_secret": secret}


def asking(op):
    """The addresses, as discovery tells them."""
    document = op.machine.get(WELL_KNOWN, base_url=ISSUER).json
    return [urlsplit(document[member]).path for member in ASKING if member in document]


def ask(op, path, proof):
    headers, form = proof
    return op.machine.post(path, base_url=ISSUER, data=FORM | form, headers=headers)


def test_there_is_a_test_for_each_method(op):
    assert set(methods()) == set(METHODS)
    assert len(asking(op)) >= 3


@pytest.mark.parametrize("method", METHODS)
def test_each_method_at_each_endpoint(op, method):
    sender = Sender(op, method)
    for path in asking(op):
        if method == "none" and path in PROVEN_ONLY:
            refused(ask(op, path, sender.good()), "invalid_client", 401)
            continue
        wrong, right = ask(op, path, sender.bad()), ask(op, path, sender.good())
        refused(wrong, "invalid_client", 401)
        assert wrong.headers["WWW-Authenticate"].startswith("Basic realm=")
        assert right.status_code != 401, (path, right.text)
        assert (right.json or {}).get("error") != "invalid_client", path


@pytest.mark.parametrize("registered_for", METHODS)
def test_one_method_per_client(op, registered_for):
    """Whoever holds one client's proof cannot use it for a client of another method."""
    sender = Sender(op, registered_for)
    client_id = sender.portal.client_id
    tries = {
        "client_secret_basic": (basic(client_id, sender.portal.secret or "x"), {}),
        "client_secret_post": ({}, {"client_id": client_id, "client_secret": sender.portal.secret or "x"}),
        "none": ({}, {"client_id": client_id}),
    }
    tries.pop(registered_for, None)
    for path in asking(op):
        for proof in tries.values():
            refused(ask(op, path, proof), "invalid_client", 401)


def test_two_methods_in_one_request(op):
    """RFC 6749 §2.3."""
    by_secret, by_post, by_key = (
        Sender(op, method) for method in ("client_secret_basic", "client_secret_post", "private_key_jwt")
    )
    mixed = [
        (by_secret.portal.basic, by_post.good()[1] | {"client_id": by_secret.portal.client_id}),
        (by_secret.portal.basic, by_key.signer.form()),
        ({}, by_post.good()[1] | by_key.signer.form()),
    ]
    for path in asking(op):
        for proof in mixed:
            refused(ask(op, path, proof), "invalid_request")


@pytest.mark.parametrize("escape", [lambda c: f"%{ord(c):02X}", lambda c: f"%{ord(c):02x}", lambda c: c], ids=range(3))
def test_basic_credentials_are_a_form(op, escape):
    """RFC 6749 §2.3.1: strict libraries encode even the hyphen."""
    sender = Sender(op, "client_secret_basic")
    encoded = ["".join(escape(c) for c in part) for part in (sender.portal.client_id, sender.portal.secret)]
    for path in asking(op):
        assert ask(op, path, (basic(*encoded), {})).status_code != 401


def test_two_live_secrets_at_each_endpoint(op, frozen_clock):
    sender = Sender(op, "client_secret_basic")
    with transaction() as db:
        second = change.add_secret(db, sender.portal.client_id)
    proofs = [(sender.portal.basic, {}), (basic(sender.portal.client_id, second), {})]
    for path in asking(op):
        assert all(ask(op, path, proof).status_code != 401 for proof in proofs)
    frozen_clock.advance(days=7)
    for path in asking(op):
        assert [ask(op, path, proof).status_code == 401 for proof in proofs] == [True, False]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_nobody_takes_as_long_as_a_wrong_proof(op, method):
    sender = Sender(op, method)
    client = registered.find(sender.portal.client_id)

    def quickest(whose):
        taken = []
        for _ in range(60):
            headers, form = sender.bad()
            credentials = Credentials(headers=headers, form=form)
            began = time.perf_counter()
            assert not methods()[method].proven(whose, credentials)
            taken.append(time.perf_counter() - began)
        return sorted(taken)[10]

    assert 0.5 < quickest(None) / quickest(client) < 2


def test_who_sends_nothing_is_told_so_and_the_log_says_what_was_wrong(op):
    portal = op.portal()

    def refused(**sent):
        with capture_logs() as lines:
            answer = op.machine.post("/token", data={"grant_type": "refresh_token", "refresh_token": "x", **sent})
        assert answer.status_code == 401
        assert portal.secret not in str(lines)
        return answer.json["error_description"], [line["detail"] for line in lines if line["event"] == "refused"]

    mine = portal.client_id
    for little in ({}, {"client_id": mine}, {"client_id": "nobody"}):
        assert refused(**little)[0] == NothingSent.description
    for name, why in (
        (mine, f"client {mine} came by client_secret_post and is registered for client_secret_basic"),
        ("nobody", "client_secret_post of a client that is not registered, or disabled"),
    ):
        assert refused(client_id=name, client_secret=portal.secret) == (ClientRefused.description, [why])


@pytest.mark.parametrize("description", ["", "client_assertion: exp is missing"])
def test_a_refusal_has_a_challenge_and_a_remedy(description):
    status, body, headers = ClientRefused(description or None)()
    assert status == 401
    assert dict(headers)["WWW-Authenticate"]
    assert body["error_description"] == (description or ClientRefused.description)
