"""The end of a request: Authlib's grant looks at it once more, as the client is now, and saves the code."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from idp.authlib_server import OAuthRequest, server
from idp.authorize.dispatch import Complete
from idp.authorize.request import AuthorizeRequest
from idp.clients.registered import RegisteredClient
from idp.tokens import subjects
from idp.tokens.mint import Grantee
from kernel.ids import new_id


def with_code(
    db: Session,
    request: AuthorizeRequest,
    client: RegisteredClient,
    step: Complete,
) -> Mapping[str, str]:
    """Save a code for what was agreed; the answer for the client.

    :raises OAuth2Error: where the client may not have it any more.
    """
    parameters = {
        "response_type": "code",
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri,
        "scope": " ".join(sorted(step.scopes)),
        "code_challenge": request.code_challenge,
        "code_challenge_method": "S256" if request.code_challenge is not None else None,
        "state": request.state,
        "nonce": request.nonce,
    }
    given = {name: value for name, value in parameters.items() if value is not None}
    asked = OAuthRequest("GET", "/authorize", given, {})
    asked.db = db
    grant = server().authorization_grant(asked)
    login = step.login
    grantee = Grantee(
        account_id=login.account.id,
        family_id=new_id(),
        sub=subjects.sub_for(db, client.sector, login.account.id),
        session_id=login.session_id,
        auth_time=login.auth_time,
        acr=step.acr,
        amr=login.amr,
        terms=replace(
            step.terms,
            resources=request.resources,
            authorization_details=request.authorization_details,
            cnf={"jkt": request.dpop_jkt} if request.dpop_jkt is not None else None,
        ),
        offline=step.offline,
    )
    _status, answer, _headers = grant.create_authorization_response(request.redirect_uri, grantee)
    return {"code": answer["code"]}
