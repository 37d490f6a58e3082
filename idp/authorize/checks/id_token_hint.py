"""``id_token_hint`` is an ID token of ours for this client; whose it is decides who may answer (OIDC Core §3.1.2.1)."""

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authorize.request import Draft
from idp.tokens import check as tokens


def check(draft: Draft) -> None:
    hint = draft.get("id_token_hint")
    if hint is None:
        return
    try:
        draft.hinted_sub = tokens.id_token_hint(hint, client_id=draft.known_client.client_id)
    except tokens.Unusable:
        raise InvalidRequestError("id_token_hint is not an ID token of ours for this client") from None
