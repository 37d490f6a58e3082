"""FAPI 2.0 Security Profile: what must not work at the token endpoint and at a resource."""

import base64
import json
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from tests.protocol.conformance.fapi import FapiClient
from tests.protocol.conformance.fapi_accepted import FAPI, PROFILE, client
from tests.protocol.conformance.relying_party import refused
from tests.protocol.conformance.run import Run

NOT_THIS_CLIENT = ("invalid_client", "invalid_request", "invalid_grant")


@FAPI.module(PROFILE + "ensure-client-id-in-token-endpoint")
def other_client_id(run: Run) -> None:
    """Another client's id beside our assertion."""
    one, other = client(run), client(run)
    asked, code = one.granted(run.browser())
    answer = one.exchange(asked, code, client_id=other.client_id)
    refused(answer, *NOT_THIS_CLIENT, statuses=(400, 401))


@FAPI.module(PROFILE + "ensure-holder-of-key-required")
def holder_of_key(run: Run) -> None:
    """No token without a proof of possession."""
    one = client(run)
    asked, code = one.granted(run.browser())
    refused(one.exchange(asked, code, proof=False), "invalid_dpop_proof", "invalid_request", "invalid_grant")


@FAPI.module(PROFILE + "ensure-authorization-code-is-bound-to-client")
def bound_to_client(run: Run) -> None:
    one, other = client(run), client(run)
    asked, code = one.granted(run.browser())
    refused(other.exchange(asked, code, redirect_uri=one.redirect_uri), "invalid_grant")


@FAPI.module(PROFILE + "attempt-reuse-authorization-code-after-one-second")
def reused_code(run: Run) -> None:
    """The second use is refused, and what the first one gave is dead."""
    one = client(run)
    asked, code = one.granted(run.browser())
    tokens = one.read(one.exchange(asked, code), nonce=asked.form["nonce"], token_type="DPoP")
    assert one.resource(tokens.access_token).status_code == 200
    run.suite.wait(1)
    refused(one.exchange(asked, code), "invalid_grant")
    assert one.resource(tokens.access_token).status_code == 401


@FAPI.module(PROFILE + "ensure-token-endpoint-fails-with-expired-auth-code")
def expired_code(run: Run) -> None:
    """A code lives for 60 seconds at most (FAPI 2.0 §5.3.2.1)."""
    one = client(run)
    asked, code = one.granted(run.browser())
    run.suite.wait(62)
    refused(one.exchange(asked, code), "invalid_grant")


# --- client assertions at the token endpoint


def assertion_refused(run: Run, one: FapiClient, assertion: str | None) -> None:
    """Any fault of the assertion is the same answer, whatever it is."""
    asked, code = one.granted(run.browser())
    refused(one.exchange(asked, code, client_assertion=assertion), "invalid_client", statuses=(400, 401))


@FAPI.module(PROFILE + "ensure-signed-client-assertion-with-RS256-fails")
def assertion_by_rs256(run: Run) -> None:
    """The right key, but by an algorithm that the profile leaves out (FAPI 2.0 §5.4.1)."""
    one = client(run, alg="PS256")
    assert one.key is not None
    weak = RSAKey.import_key({**one.key.as_dict(private=True), "alg": "RS256"})
    assertion_refused(run, one, one.assertion(alg="RS256", key=weak))


@FAPI.module(PROFILE + "ensure-client-assertion-in-token-endpoint")
def no_assertion(run: Run) -> None:
    """Nothing but the client's id."""
    one = client(run)
    asked, code = one.granted(run.browser())
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": one.redirect_uri,
        "code_verifier": asked.pkce.verifier,
        "client_id": one.client_id,
    }
    endpoint = run.suite.metadata["token_endpoint"]
    proof = {"DPoP": one.proof("POST", endpoint)}
    refused(run.suite.http.post(endpoint, data=form, headers=proof, timeout=20), "invalid_client", statuses=(400, 401))


@FAPI.module(PROFILE + "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails")
def assertion_expired(run: Run) -> None:
    one, now = client(run), run.suite.now()
    assertion_refused(run, one, one.assertion(iat=now - 360, exp=now - 300))


@FAPI.module(PROFILE + "ensure-client-assertion-with-wrong-aud-fails")
def assertion_for_another(run: Run) -> None:
    one = client(run)
    assertion_refused(run, one, one.assertion(aud="https://other.example.org"))


@FAPI.module(PROFILE + "ensure-client-assertion-with-no-sub-fails")
def assertion_of_nobody(run: Run) -> None:
    one = client(run)
    assertion_refused(run, one, one.assertion(sub=None))


# --- client assertions at PAR


def at_par(run: Run, **changes: Any) -> None:
    one = client(run)
    answer = one.push(one.ask(), assertion=one.assertion(**changes))
    refused(answer, "invalid_client", "invalid_request", statuses=(400, 401))


@FAPI.module(PROFILE + "par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted")
def assertion_of_a_fast_clock(run: Run) -> None:
    one, soon = client(run), run.suite.now() + 8
    asked = one.ask()
    one.pushed(asked, assertion=one.assertion(iat=soon, nbf=soon))


@FAPI.module(PROFILE + "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails")
def assertion_of_tomorrow(run: Run) -> None:
    later = run.suite.now() + 90
    at_par(run, iat=later, nbf=later, exp=later + 60)


@FAPI.module(PROFILE + "par-test-array-as-audience-fails")
def audience_in_a_list(run: Run) -> None:
    """The audience is the issuer, as one text (FAPI 2.0 §5.3.2.1)."""
    metadata = run.suite.metadata
    at_par(run, aud=[metadata["issuer"], metadata["token_endpoint"], metadata["pushed_authorization_request_endpoint"]])
    at_par(run, aud=[metadata["issuer"]])


@FAPI.module(PROFILE + "par-test-par-endpoint-url-as-audience-fails")
def audience_par(run: Run) -> None:
    at_par(run, aud=run.suite.metadata["pushed_authorization_request_endpoint"])


@FAPI.module(PROFILE + "par-test-token-endpoint-url-as-audience-fails")
def audience_token_endpoint(run: Run) -> None:
    at_par(run, aud=run.suite.metadata["token_endpoint"])


# --- proofs of possession at a resource


@FAPI.module(PROFILE + "dpop-negative-tests")
def proofs(run: Run) -> None:
    """One fault of the proof at a time (RFC 9449 §4.3); between them, that a good one still works."""
    one = client(run)
    token = one.sign_in(run.browser()).access_token
    assert one.resource(token).status_code == 200
    for fault, claims in _faulty_proofs(run).items():
        assert one.resource(token, **claims).status_code in {400, 401}, fault
    _odd_headers(run, one, token)
    address = run.suite.metadata["userinfo_endpoint"]
    for good in (
        {"htu": f"{address}?query=1#fragment"},
        {"header": {"extra": "ignored"}, "unknown": "ignored"},
    ):
        assert one.resource(token, **good).status_code == 200, good
    jti = "used-before-" + token[-8:]
    assert one.resource(token, jti=jti).status_code == 200
    assert one.resource(token, jti=jti).status_code == 401
    assert one.resource(token, scheme="Bearer").status_code == 401, "a bound token is no bearer token (RFC 9449 §7.2)"
    weak = RSAKey.generate_key(2048)
    asked, code = one.granted(run.browser())
    answer = one.exchange(asked, code, key=weak, proof_claims={"alg": "RS256"})
    refused(answer, "invalid_dpop_proof", "invalid_request")


def _faulty_proofs(run: Run) -> dict[str, dict[str, Any]]:
    now, other = run.suite.now(), ECKey.generate_key("P-256")
    return {
        "no typ": {"header": {"typ": None}},
        "another typ": {"header": {"typ": "JWT"}},
        "no jwk": {"header": {"jwk": None}},
        "a private jwk": {"key": other, "header": {"jwk": other.as_dict(private=True)}},
        "another jwk than the signature's": {"header": {"jwk": other.as_dict(private=False)}},
        "another key": {"key": other},
        "no jti": {"jti": None},
        "no htm": {"htm": None},
        "another method": {"htm": "PUT"},
        "no htu": {"htu": None},
        "another address": {"htu": "https://other.example.org/userinfo"},
        "no iat": {"iat": None},
        "an hour ahead": {"iat": now + 3600},
        "an hour ago": {"iat": now - 3600},
        "no ath": {"ath": None},
        "another ath": {"ath": "x" * 43},
    }


def _odd_headers(run: Run, one: FapiClient, token: str) -> None:
    """What is not one well-formed, signed proof."""
    address = run.suite.metadata["userinfo_endpoint"]
    good = one.proof("GET", address, access_token=token)
    head, body, signature = good.split(".")
    fields = json.loads(base64.urlsafe_b64decode(head + "=="))

    def reheaded(**changes: Any) -> str:
        kept = {name: value for name, value in (fields | changes).items() if value is not None}
        return base64.urlsafe_b64encode(json.dumps(kept).encode()).rstrip(b"=").decode()

    odd = {
        "no JWT": "not.a.jwt",
        "two proofs in a field": f"{good}, {one.proof('GET', address, access_token=token)}",
        "no alg": f"{reheaded(alg=None)}.{body}.{signature}",
        "none": f"{reheaded(alg='none')}.{body}.",
        "another signature": f"{head}.{body}.{'A' * len(signature)}",
    }
    for fault, proof in odd.items():
        sent = {"Authorization": f"DPoP {token}", "DPoP": proof}
        assert run.suite.http.get(address, headers=sent, timeout=20).status_code in {400, 401}, fault


# --- modules of national profiles: their rule, asked of our profile


@FAPI.module(PROFILE + "brazil-ensure-bad-payment-signature-fails")
def bad_signature(run: Run) -> None:
    """We take no payments; what a client signs here is its assertion, and one with a broken signature is refused."""
    one = client(run)
    head, body, signature = one.assertion().split(".")
    broken = f"{head}.{body}.{'A' * len(signature)}"
    answer = one.push(one.ask(), assertion=broken)
    refused(answer, "invalid_client", statuses=(400, 401))
    assert one.push(one.ask()).status_code == 201
