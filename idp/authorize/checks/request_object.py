"""``request``, or what is at ``request_uri`` (RFC 9101, OpenID Connect Core §6): parameters in a JWT that the client
signed. Then they alone count.

An unsigned one is refused rather than ignored: that would answer a request nobody made.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oidc.core.errors import (
    RegistrationNotSupportedError,
    RequestNotSupportedError,
)

from idp.authorize import reference
from idp.authorize.checks import size
from idp.authorize.request import Draft
from idp.clients import signed
from idp.clients.registered import RegisteredClient
from idp.tokens import mint

TYPES: Final = ("oauth-authz-req+jwt", "JWT")  # RFC 9101 §10.8
FAPI_SECONDS: Final = 60 * 60  # FAPI 2.0 Message Signing §5.3.1
_ABOUT_IT: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})  # about the JWT, and no parameters
_JSON: Final = frozenset({"claims", "authorization_details"})
_READ: Final = _JSON | {
    *("response_type", "response_mode", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "resource"),
    *("code_challenge", "code_challenge_method", "id_token_hint", "login_hint", "city_hint", "acr_values", "dpop_jkt"),
    *("ui_locales", "claims_locales", "display"),
}
"""Of others only text is looked at: what nobody understands is passed over (RFC 6749 §3.1)."""


class InvalidRequestObjectError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9101 §7."""

    error = "invalid_request_object"


def read(draft: Draft) -> None:
    """Put the object's parameters in place of those beside it (RFC 9101 §6.3), its redirect URI among them.

    What is wrong is kept for ``check``: the redirect URI beside it tells where an answer may go.
    """
    if any(len(draft.parameters.get(name, [])) > 1 for name in ("request", "request_uri")):
        return  # a repeated parameter
    try:
        found = _found(draft)
    except OAuth2Error as error:
        draft.fault = error
        return
    if found is not None:
        draft.replace(found)
        draft.signed = True
        size.check(draft)


def check(draft: Draft) -> None:
    if draft.fault is not None:
        raise draft.fault
    signed_only = draft.known_client.meta.require_signed_request_object
    if signed_only and not draft.signed:
        raise InvalidRequestError("this client is registered to send its requests in a signed request object")


def _found(draft: Draft) -> Mapping[str, list[str]] | None:
    client, token, uri = draft.known_client, draft.get("request"), draft.get("request_uri")
    if draft.get("registration") is not None:
        raise RegistrationNotSupportedError("the registration parameter is not supported; register the client")
    if token is not None and uri is not None:
        raise InvalidRequestError("request and request_uri cannot come together (RFC 9101)")
    if uri is not None:
        # Fetched for this request alone: it need not say until when it is good.
        return _parameters(client, reference.fetched(client, uri), required=("iss", "aud"))
    return _parameters(client, token) if token is not None else None


def _parameters(
    client: RegisteredClient, token: str, required: Collection[str] = ("iss", "aud", "exp")
) -> Mapping[str, list[str]]:
    if token.count(".") == 2 and (token.endswith(".") or _unsigned(token)):
        raise RequestNotSupportedError("the request object must be signed")
    pinned = client.meta.request_object_signing_alg
    try:
        claims = signed.verify(
            client,
            token,
            algorithms=signed.algorithms(client, pinned),
            audience=(mint.issuer(),),
            typ=TYPES,
            required=required,
            longest=FAPI_SECONDS if client.meta.fapi2 else None,
        )
        _judge(client, claims)
        return {name: _texts(name, said) for name, said in claims.items() if name not in _ABOUT_IT}
    except signed.Refused as why:
        raise InvalidRequestObjectError(f"the request object: {why}") from None


def _judge(client: RegisteredClient, claims: Mapping[str, Any]) -> None:
    if claims.get("client_id", client.client_id) != client.client_id:
        raise signed.Refused("client_id must be the one beside it")
    if named := [name for name in ("request", "request_uri", "registration") if name in claims]:
        raise signed.Refused(f"must not have {named[0]} in it")
    if "sub" in claims:
        # What has one may be the client's proof of itself at another endpoint (RFC 9101 §10.8).
        raise signed.Refused("must not have sub in it")


def _texts(name: str, said: object) -> list[str]:
    """A member as the values of a parameter (OpenID Connect Core §6.1: numbers and objects in their JSON form)."""
    if name == "resource" and isinstance(said, list) and all(isinstance(each, str) for each in said):
        return [str(each) for each in said]
    if isinstance(said, str):
        return [said]
    if name in _JSON and isinstance(said, dict | list):
        return [json.dumps(said)]
    if isinstance(said, int) and not isinstance(said, bool):
        return [str(said)]
    if name in _READ:
        raise signed.Refused(f"{name} must be text")
    return []


def _unsigned(token: str) -> bool:
    try:
        return str(signed.header(token).get("alg")).lower() == "none"
    except signed.Refused:
        return False
