"""UserInfo (OpenID Connect Core §5.3): what the person agreed to hand over, read at this moment."""

from collections.abc import Mapping

from authlib.oauth2.rfc6749 import OAuth2Error

from idp import bearer, scopes
from idp.bearer import BearerRefused
from idp.claims import JsonValue
from idp.clients.registered import RegisteredClient
from idp.endpoint import Endpoint
from idp.tokens import claims, dpop, encrypt, keys, userinfo
from idp.tokens.check import AccessToken
from kernel import context
from kernel.db import transaction
from kernel.machine import Answer, Request, json_answer


def handle(request: Request) -> Answer:
    try:
        token, client = bearer.read(request, _presented(request), scope=scopes.OPENID)
        encrypt.prepare(client)
        with context.bind(client_id=client.client_id):
            answer = userinfo.answer(client, _claims(token, client))
            return _with_nonce(answer) if token.cnf is not None else answer
    except OAuth2Error as error:
        status, body, _ = error()
        return json_answer(body, status)
    except BearerRefused as error:
        # RFC 6750 §3.1: nothing is said to a request that brought nothing.
        body = {} if error.code == "token_required" else {"error": error.code, "error_description": error.detail}
        return json_answer(body, error.status, error.headers)


def _with_nonce(answer: Answer) -> Answer:
    """With a nonce for the next proof (RFC 9449 §8.2)."""
    return Answer(answer.status, answer.body, (*answer.headers, dpop.nonce_header()))


def _claims(token: AccessToken, client: RegisteredClient) -> Mapping[str, JsonValue]:
    """One read where only the ``sub`` is agreed; otherwise a transaction too, because the release is recorded."""
    agreed = token.scopes & client.scopes
    family = bearer.live(token, path=plugin.path)
    assert family is not None  # a machine cannot have the scope openid
    context.bind(account_id=family.account_id)
    if not claims.handed_over(family, client, agreed):
        return {"sub": family.sub}
    with transaction() as db:
        return claims.released(db, family, client, agreed)


def _presented(request: Request) -> str:
    """From the header, or from the form of a POST (RFC 6750 §2.2); never from both, never from the address (§2.3)."""
    in_form = None
    if request.method == "POST" and request.media_type == "application/x-www-form-urlencoded":
        in_form = request.form().get("access_token")
    if in_form is None:
        return bearer.presented(request)
    if request.headers.get("Authorization"):
        raise bearer.refused("invalid_request", 400, "the access token came twice", path=request.path)
    return in_form


plugin = Endpoint(
    name="userinfo",
    path="/userinfo",
    member="userinfo_endpoint",
    metadata={
        "userinfo_signing_alg_values_supported": list(keys.ALGORITHMS),
        "userinfo_encryption_alg_values_supported": list(encrypt.WRAPS),
        "userinfo_encryption_enc_values_supported": list(encrypt.SEALS),
    },
    handle=handle,
    methods=("GET", "POST"),
    cors=True,
)
