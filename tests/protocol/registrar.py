"""Somebody who registers clients over HTTP."""

from datetime import timedelta
from typing import Any

from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from idp.registration import invitations
from idp.registration.policy import Policy
from kernel.db import transaction
from tests.protocol.parties import ISSUER, Op

GOOD = {"client_name": "深圳政务服务网", "redirect_uris": ["https://sz.example.gov.cn/cb"]}
JWKS = {"keys": [ECKey.generate_key("P-256").as_dict(private=False) | {"kid": "1"}]}
LONG = timedelta(days=30)


def invite(uses: int | None = None, life: timedelta = LONG, **policy: Any) -> str:
    with transaction() as db:
        return invitations.invite(db, name="深圳市政务服务局", policy=Policy(**policy), uses=uses, life=life)[1]


def register(op: Op, token: str | None, raw: Any = None, **changes: Any) -> TestResponse:
    """``changes`` replace members; ``...`` leaves one out."""
    members = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return op.machine.post("/register", base_url=ISSUER, json=members if raw is None else raw, headers=headers)


def manage(op: Op, registered: dict[str, Any], method: str = "GET", **options: Any) -> TestResponse:
    token = options.pop("token", registered.get("registration_access_token"))
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    path = registered["registration_client_uri"].removeprefix(ISSUER)
    return op.machine.open(path, method=method, base_url=ISSUER, headers=headers, **options)


def replacing(registered: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What a client sends back that read its registration (RFC 7592 §2.2)."""
    ours = {"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}
    raw = {name: value for name, value in registered.items() if name not in ours} | changes
    return {name: value for name, value in raw.items() if value is not ...}


def refused(response: TestResponse, error: str, *named: str, status: int = 400) -> None:
    """The RFC's code, an ASCII description that names the members, a place to read on, nothing kept by caches."""
    assert response.status_code == status, response.text
    body = response.json
    assert body["error"] == error
    assert body["error_description"].isascii()
    assert {name for name in named if name not in body["error_description"]} == set()
    assert body["error_uri"] == f"{ISSUER}/developers/errors#{error}"
    assert response.headers["Cache-Control"] == "no-store"
