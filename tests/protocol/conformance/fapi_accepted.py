"""FAPI 2.0 Security Profile: what a well-behaved client must be able to do, each module by its documented purpose."""

import json
from typing import Any

from joserfc.jwk import ECKey

from tests.protocol.conformance import discovery
from tests.protocol.conformance.browser import Arrived, Page
from tests.protocol.conformance.fapi import FapiClient
from tests.protocol.conformance.people import LI, ZHANG
from tests.protocol.conformance.relying_party import PROTOCOL_CLAIMS, public, refused, shown_error, signing_key
from tests.protocol.conformance.run import Plan, Run

FAPI = Plan()
PROFILE = "fapi2-security-profile-final-"
STRONG = {"ES256", "PS256", "EdDSA"}
OUTSIDE = ("invalid_request", "invalid_request_object", "access_denied")


def client(run: Run, *, alg: str = "ES256", **metadata: Any) -> FapiClient:
    """A client of the profile, with private_key_jwt and DPoP."""
    key = signing_key(alg)
    described = {
        "jwks": public(key),
        "token_endpoint_auth_signing_alg": alg,
        "security_profile": "fapi2",
        "dpop_bound_access_tokens": True,
        "id_token_signed_response_alg": "ES256",
    } | metadata
    return FapiClient(run.suite, run.register(**described), key=key)


@FAPI.module(PROFILE + "discovery-end-point-verification")
def discovery_verified(run: Run) -> None:
    found = discovery.document(run.suite)
    for member in (
        "dpop_signing_alg_values_supported",
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
    ):
        assert STRONG & set(found[member]), member
    assert "none" not in found["dpop_signing_alg_values_supported"]
    assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["pushed_authorization_request_endpoint"].startswith(f"{run.suite.issuer}/")
    discovery.keys(run.suite, found)


@FAPI.module(PROFILE + "happy-flow")
def happy_flow(run: Run) -> None:
    """Two clients, two sign-ins, proofs of possession; the resource takes the token from its owner alone."""
    first, second = client(run), client(run)
    tokens = first.sign_in(run.browser())
    assert set(tokens.claims) <= PROTOCOL_CLAIMS
    for accepted in ("application/json", "application/json; charset=UTF-8", "*/*", "text/plain, */*;q=0.1"):
        answer = first.resource(tokens.access_token, headers={"Accept": accepted})
        assert answer.status_code == 200, accepted
        assert answer.json()["sub"] == tokens.claims["sub"]
    assert first.resource(tokens.access_token, key=second.dpop_key).status_code == 401
    endpoint = run.suite.metadata["userinfo_endpoint"]
    in_address = run.suite.http.get(f"{endpoint}?access_token={tokens.access_token}", timeout=20)
    assert in_address.status_code in {400, 401}, "never in the address (FAPI 2.0 §5.3.4)"

    # The second binds its code by dpop_jkt alone (RFC 9449 §10), without a proof when it pushes.
    others = second.sign_in(run.browser(LI), nonce="n" * 43, dpop_jkt=second.dpop_key.thumbprint())
    assert second.resource(others.access_token).status_code == 200


@FAPI.module(PROFILE + "user-rejects-authentication")
def user_rejects(run: Run) -> None:
    """A person who says no is heard, at both clients."""
    for _ in range(2):
        one, browser = client(run), run.browser()
        asked = one.ask(scope="openid profile")
        one.error(asked.form, one.follow(browser, one.pushed(asked), deny=True), "access_denied")


@FAPI.module(PROFILE + "ensure-authorization-request-without-state-success")
def without_state(run: Run) -> None:
    """PKCE protects already: ``state`` is optional, and none comes back."""
    client(run).sign_in(run.browser(), state=None)


@FAPI.module(PROFILE + "ensure-authorization-request-without-nonce-success")
def without_nonce(run: Run) -> None:
    client(run).sign_in(run.browser(), nonce=None)


@FAPI.module(PROFILE + "ensure-authorization-request-with-64-char-nonce-success")
def nonce_of_64(run: Run) -> None:
    client(run).sign_in(run.browser(), nonce="n" * 64)


@FAPI.module(PROFILE + "ensure-other-scope-order-succeeds")
def other_scope_order(run: Run) -> None:
    tokens = client(run).sign_in(run.browser(), scope="profile openid")
    assert "id_token" in tokens.answer


@FAPI.module(PROFILE + "test-claims-parameter-identity-claims")
def claims_parameter(run: Run) -> None:
    """What we announce can be asked for one by one, in the ID token or at userinfo."""
    wanted = {claim: {"essential": True} for claim in ("name", "email", "phone_number")}
    assert set(wanted) <= set(run.suite.metadata["claims_supported"])
    one = client(run)
    for place in ("id_token", "userinfo"):
        tokens = one.sign_in(run.browser(), claims=json.dumps({place: wanted}))
        told = tokens.claims if place == "id_token" else one.resource(tokens.access_token).json()
        assert told["name"] == ZHANG["name"]
        assert told["email"] == ZHANG["email"]
        assert "phone_number" in told


@FAPI.module(PROFILE + "access-token-type-header-case-sensitivity")
def scheme_in_any_case(run: Run) -> None:
    """An authentication scheme has no case (RFC 9110 §11.1)."""
    one = client(run)
    tokens = one.sign_in(run.browser())
    for scheme in ("dPOp", "dpop", "DPOP"):
        assert one.resource(tokens.access_token, scheme=scheme).status_code == 200, scheme


@FAPI.module(PROFILE + "check-dpop-proof-nbf-exp")
def proof_with_nbf_and_exp(run: Run) -> None:
    """Claims that RFC 9449 does not ask for do no harm."""
    one, now = client(run), run.suite.now()
    window = {"nbf": now, "exp": now + 60}
    asked, code = one.granted(run.browser())
    tokens = one.read(one.exchange(asked, code, proof_claims=window), nonce=asked.form["nonce"], token_type="DPoP")
    assert one.resource(tokens.access_token, **window).status_code == 200


def skewed(run: Run, seconds: int) -> None:
    """A proof of a clock that is ``seconds`` away is taken everywhere (FAPI 2.0 §5.3.2.1)."""
    one = client(run)
    asked = one.ask()
    request_uri = one.pushed(asked, proof=True, iat=run.suite.now() + seconds)
    code = one.code(asked.form, one.follow(run.browser(), request_uri))
    answer = one.exchange(asked, code, proof_claims={"iat": run.suite.now() + seconds})
    tokens = one.read(answer, nonce=asked.form["nonce"], token_type="DPoP")
    assert one.resource(tokens.access_token, iat=run.suite.now() + seconds).status_code == 200


@FAPI.module(PROFILE + "ensure-dpopproof-with-iat-10seconds-before-succeeds")
def proof_of_ten_seconds_ago(run: Run) -> None:
    skewed(run, -10)


@FAPI.module(PROFILE + "ensure-dpopproof-with-iat-10seconds-after-succeeds")
def proof_of_ten_seconds_ahead(run: Run) -> None:
    skewed(run, 10)


@FAPI.module(PROFILE + "ensure-dpopproof-at-par-endpoint-binding-success")
def bound_by_proof(run: Run) -> None:
    """The proof at PAR binds the code to its key."""
    one = client(run)
    asked = one.ask()
    code = one.code(asked.form, one.follow(run.browser(), one.pushed(asked, proof=True)))
    one.read(one.exchange(asked, code), nonce=asked.form["nonce"], token_type="DPoP")


@FAPI.module(PROFILE + "ensure-dpop-auth-code-binding-success")
def bound_by_proof_and_thumbprint(run: Run) -> None:
    """The proof and ``dpop_jkt`` say the same."""
    one = client(run)
    asked = one.ask(dpop_jkt=one.dpop_key.thumbprint())
    code = one.code(asked.form, one.follow(run.browser(), one.pushed(asked, proof=True)))
    one.read(one.exchange(asked, code), nonce=asked.form["nonce"], token_type="DPoP")


@FAPI.module(PROFILE + "ensure-mismatched-dpop-jkt-fails")
def proof_against_thumbprint(run: Run) -> None:
    """The proof and ``dpop_jkt`` disagree (RFC 9449 §10.1)."""
    one = client(run)
    asked = one.ask(dpop_jkt=ECKey.generate_key("P-256").thumbprint())
    refused(one.push(asked, proof=True), "invalid_request", "invalid_dpop_proof")


@FAPI.module(PROFILE + "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt")
def code_of_another_proof(run: Run) -> None:
    """Pushed with the proof of one key, redeemed with another."""
    one = client(run)
    asked = one.ask()
    code = one.code(asked.form, one.follow(run.browser(), one.pushed(asked, proof=True)))
    answer = one.exchange(asked, code, key=ECKey.generate_key("P-256"))
    refused(answer, "invalid_dpop_proof", "invalid_grant", "invalid_request")


@FAPI.module(PROFILE + "ensure-token-endpoint-fails-with-mismatched-dpop-jkt")
def code_of_another_thumbprint(run: Run) -> None:
    one = client(run)
    asked, code = one.granted(run.browser(), dpop_jkt=one.dpop_key.thumbprint())
    answer = one.exchange(asked, code, key=ECKey.generate_key("P-256"))
    refused(answer, "invalid_dpop_proof", "invalid_grant", "invalid_request")


def beside(run: Run, *, inner: dict[str, Any], outer: dict[str, str]) -> None:
    """What stands beside the request_uri is refused or ignored, never used (FAPI 2.0 §5.3.2.2, RFC 9126 §5)."""
    one = client(run)
    asked = one.ask(**inner)
    outcome = one.follow(run.browser(), one.pushed(asked), **outer)
    if isinstance(outcome, Page):
        shown_error(outcome)
        return
    assert isinstance(outcome, Arrived)
    if "error" in outcome.params:
        one.error(asked.form, outcome, *OUTSIDE)
        return
    code = one.code(asked.form, outcome)
    one.read(one.exchange(asked, code), nonce=asked.form.get("nonce"), token_type="DPoP")


@FAPI.module(PROFILE + "ensure-different-nonce-inside-and-outside-request-object")
def another_nonce_outside(run: Run) -> None:
    beside(run, inner={}, outer={"nonce": "outside"})


@FAPI.module(PROFILE + "ensure-different-state-inside-and-outside-request-object")
def another_state_outside(run: Run) -> None:
    beside(run, inner={}, outer={"state": "outside"})


@FAPI.module(PROFILE + "state-only-outside-request-object-not-used")
def state_only_outside(run: Run) -> None:
    beside(run, inner={"state": None}, outer={"state": "outside"})


def whole_or_refused(run: Run, **long: str) -> None:
    """A very long value comes back whole, or the request is refused; it is never cut."""
    one = client(run)
    asked = one.ask(**long)
    answer = one.push(asked)
    if answer.status_code != 201:
        refused(answer, "invalid_request")
        return
    code = one.code(asked.form, one.follow(run.browser(), answer.json()["request_uri"]))
    one.read(one.exchange(asked, code), nonce=asked.form["nonce"], token_type="DPoP")


@FAPI.module(PROFILE + "ensure-authorization-request-with-long-nonce")
def long_nonce(run: Run) -> None:
    whole_or_refused(run, nonce="n" * 384)


@FAPI.module(PROFILE + "ensure-authorization-request-with-long-state")
def long_state(run: Run) -> None:
    whole_or_refused(run, state="s" * 1000)


@FAPI.module(PROFILE + "refresh-token")
def refresh_token(run: Run) -> None:
    """Refresh tokens are their client's: they need its assertion and a proof, and work for nobody else."""
    first, second = client(run), client(run)
    mine, others = first.sign_in(run.browser()), second.sign_in(run.browser(LI))
    for one, tokens in ((first, mine), (second, others)):
        again = one.read(one.renew(tokens.refresh_token), token_type="DPoP")
        assert one.resource(again.access_token).json()["sub"] == tokens.claims["sub"]
    refused(first.renew(mine.refresh_token, proof=False), "invalid_dpop_proof", "invalid_request", "invalid_grant")
    refused(first.renew(others.refresh_token), "invalid_grant")
    endpoint = run.suite.metadata["token_endpoint"]
    bare = {"grant_type": "refresh_token", "refresh_token": mine.refresh_token, "client_id": first.client_id}
    proof = {"DPoP": first.proof("POST", endpoint)}
    answer = run.suite.http.post(endpoint, data=bare, headers=proof, timeout=20)
    refused(answer, "invalid_client", statuses=(400, 401))
