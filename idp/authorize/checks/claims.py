"""``claims`` (OpenID Connect Core §5.5): single claims of the scopes that the client is registered for.

Others are left out, never an error. ``acr`` and ``sub`` say how and who must have signed in (§5.5.1.1), and are no
data.
"""

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp import claims_request, scopes
from idp.authorize.checks import acr_values
from idp.authorize.request import Draft
from idp.claims_request import ClaimsRequest


def check(draft: Draft) -> None:
    text = draft.get("claims")
    if text is None or scopes.OPENID not in draft.scopes:
        return
    try:
        asked = claims_request.parse(text)
    except claims_request.Malformed as why:
        raise InvalidRequestError(str(why)) from None
    offered = scopes.claims(draft.known_client.scopes)
    draft.claims = {
        "id_token": {name: wish for name, wish in asked.id_token.items() if name in offered},
        "userinfo": {name: wish for name, wish in asked.userinfo.items() if name in offered},
    }
    _acr(draft, asked)
    _sub(draft, asked)


def _acr(draft: Draft, asked: ClaimsRequest) -> None:
    wish = asked.id_token.get("acr", {})
    if "values" not in wish:
        return  # which level was reached is in every ID token
    if wish.get("essential"):
        draft.essential_acr = acr_values.known(wish["values"])
    else:
        draft.wanted_acr = acr_values.known(wish["values"])


def _sub(draft: Draft, asked: ClaimsRequest) -> None:
    named = {value for wishes in (asked.id_token, asked.userinfo) for value in wishes.get("sub", {}).get("values", ())}
    named |= {draft.hinted_sub} if draft.hinted_sub is not None else set()
    if len(named) > 1:
        raise InvalidRequestError("claims and id_token_hint name more than one sub")
    if named:
        draft.hinted_sub = str(named.pop())
