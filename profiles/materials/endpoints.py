"""The machine door of reuse: both calls carry a token with the scope ``materials``."""

from typing import Any, Final

from idp.contract import Api, bearer
from kernel import context
from kernel.db import transaction
from kernel.errors import Invalid, TooMany
from kernel.limits import allow
from kernel.machine import Answer, Endpoint, Request, json_answer
from profiles.materials import intents, redeem

SCOPE: Final = "materials"
MOST_A_MINUTE: Final = 600
LONGEST_CODE: Final = 128


def post_intent(request: Request) -> Answer:
    """``{item_code, purpose, return_uri, needed, state?, subject?}`` → 201 ``{intent_id, preview_url, expires_at}``."""
    who = bearer(request, scope=SCOPE)
    _limit(who.client_id)
    raw = _object(request)
    with context.bind(client_id=who.client_id, account_id=who.account_id), transaction() as db:
        intent = intents.create(db, who.client_id, who.account_id, raw)
    return json_answer(
        {
            "intent_id": intent.id,
            "preview_url": f"{request.base_url}/reuse/{intent.id}",
            "expires_at": intent.expires_at.isoformat(timespec="seconds"),
        },
        201,
    )


def post_redeem(request: Request) -> Answer:
    """``{code}`` → 200 the package, once; 410 ever after."""
    who = bearer(request, scope=SCOPE)
    _limit(who.client_id)
    code = _object(request).get("code")
    if not isinstance(code, str) or not 0 < len(code) <= LONGEST_CODE:
        raise Invalid({"code": "required"})
    with context.bind(client_id=who.client_id), transaction() as db:
        package = redeem.redeem(db, who.client_id, code)
    return Answer(200, package.encode(), (("Content-Type", "application/json"), ("Cache-Control", "no-store")))


def _object(request: Request) -> dict[str, Any]:
    raw = request.json()
    if not isinstance(raw, dict):
        raise Invalid(code="malformed_request", detail="not a JSON object")
    return raw


def _limit(client_id: str) -> None:
    if not allow(f"reuse:{client_id}", limit=MOST_A_MINUTE, window_seconds=60):
        raise TooMany(retry_after=60)


API: Final = Api(name="Reuse of materials", path="/reuse/v1", scopes=lambda: [SCOPE])

ENDPOINTS: Final = (
    Endpoint(path="/reuse/v1/intents", methods=("POST",), handle=post_intent),
    Endpoint(path="/reuse/v1/redeem", methods=("POST",), handle=post_redeem, max_body=4096),
)
