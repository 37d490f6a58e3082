"""Authorization requests as clients push them, sign them and get them answered."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from joserfc.jwk import Key
from werkzeug.test import TestResponse

from kernel import clock
from tests.protocol.client_keys import sign
from tests.protocol.parties import ISSUER, Op, Person, Pkce, Portal

HANDLE = "urn:ietf:params:oauth:request_uri:"


def parameters(portal: Portal, pkce: Pkce | None = None, **changes: Any) -> dict[str, Any]:
    """A whole authorization request; None leaves a parameter out."""
    given = {
        "response_type": "code",
        "client_id": portal.client_id,
        "redirect_uri": portal.redirect_uri,
        "scope": "openid",
        "state": "st&ate=1",
        "nonce": "n-1",
        "code_challenge": (pkce or Pkce()).challenge,
        "code_challenge_method": "S256",
    } | changes
    return {name: value for name, value in given.items() if value is not None}


def push(op: Op, portal: Portal, form: dict[str, Any], headers: dict[str, str] | None = None) -> TestResponse:
    """To /par, with the client's secret where it has one."""
    proof = portal.basic if portal.secret is not None else {}
    return op.machine.post(
        "/par",
        base_url=ISSUER,
        data=urlencode(form, doseq=True),
        headers=proof | (headers or {}),
        content_type="application/x-www-form-urlencoded",
    )


def pushed(op: Op, portal: Portal, pkce: Pkce | None = None, **changes: Any) -> str:
    """The request_uri of a request that was taken."""
    response = push(op, portal, parameters(portal, pkce, **changes))
    assert response.status_code == 201, response.text
    return str(response.json["request_uri"])


def open_handle(person: Person, portal: Portal, uri: str, **beside: str) -> TestResponse:
    return person.get(f"/authorize?{urlencode({'client_id': portal.client_id, 'request_uri': uri, **beside})}")


def request_object(portal: Portal, key: Key, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A whole authorization request in a JWT; None leaves a member out."""
    now = int(clock.now().timestamp())
    about = {"iss": portal.client_id, "aud": ISSUER, "exp": now + 60, "iat": now}
    claims = {name: value for name, value in (parameters(portal) | about | changes).items() if value is not None}
    head = {"alg": "ES256", "kid": key.kid, "typ": "oauth-authz-req+jwt"} | (header or {})
    return sign(key, {name: value for name, value in head.items() if value is not None}, claims)


def form_of(response: TestResponse) -> tuple[str, dict[str, str]]:
    """The form of a form_post page: where it goes, and what is in it."""
    assert response.status_code == 200, response.text
    forms = re.findall(r'<form method="post" action="([^"]*)"[^>]* data-submit>(.*?)</form>', response.text, re.DOTALL)
    assert len(forms) == 1, response.text
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', forms[0][1])
    assert len(dict(fields)) == len(fields)
    return unescape(forms[0][0]), {unescape(name): unescape(value) for name, value in fields}
