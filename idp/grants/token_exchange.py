"""Token exchange (RFC 8693): a portal calls another one for the person who uses it.

It brings an access token that it holds and gets one for the other's interfaces. Only pairs that an operator allowed
(``token_exchange_audiences``), never wider than the first token and never longer; ``act`` tells who acts. The other
portal finds the person under the ``sub`` that it knows them by. What is exchanged ends with what it came from.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from sqlalchemy.orm import Session

from idp import scopes
from idp.clients import registered
from idp.clients.metadata import EXCHANGE_GRANT
from idp.clients.registered import RegisteredClient
from idp.consent import decide
from idp.grant import AuthenticatedBefore, Grant
from idp.resource import InvalidTargetError
from idp.tokens import check, families, subjects
from idp.tokens.check import AccessToken, Unusable
from idp.tokens.families import Standing
from idp.tokens.mint import Grantee
from idp.tokens.terms import Terms
from kernel import audit
from kernel.ids import new_id

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  # the name of a type
MOST_LINKS: Final = 3


class TokenExchange(AuthenticatedBefore, BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib has no types
    GRANT_TYPE = EXCHANGE_GRANT
    request: Any

    def validate_token_request(self) -> None:
        """What can be said without the database; the rest follows where the answer is made."""
        client: RegisteredClient = self.request.client
        if not client.meta.confidential:
            raise UnauthorizedClientError("token exchange is for clients that prove themselves")
        form: Mapping[str, str] = self.request.form
        if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequestError(f"requested_token_type must be {ACCESS_TOKEN}")
        self._subject = _token(form, "subject")
        if "actor_token" in form or "actor_token_type" in form:
            actor = _token(form, "actor")
            if actor.client_id != client.client_id or actor.family_id is not None:
                raise InvalidRequestError(
                    "the actor is the calling client: actor_token must be its own, or be left out"
                )
        if self._subject.family_id is None:
            raise InvalidRequestError("subject_token must be a person's; a machine asks by client_credentials")
        if not _holds(client, self._subject, self.request.cnf):
            raise InvalidRequestError("subject_token was neither issued to this client nor made for its interfaces")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        client, subject = self.request.client, self._subject
        target, resources = _target(client, self.request.form.get("audience"), self.request.resources)
        db: Session = self.request.db
        family = families.standing(db, str(subject.family_id), jti=subject.jti, held=True)
        if family is None or not family.live:
            raise InvalidGrantError("subject_token was revoked")
        before = Terms.of(family.terms)
        if not families.source_stands(db, before):
            raise InvalidGrantError("the place where the person signed in is switched off")
        scope = self._scope(db, target, family)
        terms = Terms(resources=resources, act=_act(client, subject), source=before.source)
        grantee = replace(_grantee(db, subject, family, target), terms=terms)
        families.open_family(
            db, grantee, client_id=client.client_id, scope=scope, seed=None, parent_id=subject.family_id
        )
        details = {"from": subject.client_id, "to": target.client_id, "scope": scope, "parent": subject.family_id}
        audit.record(db, "token.exchanged", subject=grantee.family_id, details=details)
        self.request.user = grantee
        token = self.generate_token(grantee, scope) | {"issued_token_type": ACCESS_TOKEN}
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def _scope(self, db: Session, target: RegisteredClient, family: Standing) -> str:
        """What of the first token both clients may have; data only where the person agreed to it at this client."""
        client: RegisteredClient = self.request.client
        both = self._subject.scopes & client.scopes & target.scopes
        allowed = decide.effective(db, client, family.account_id, both)
        wanted = frozenset(scopes.split(self.request.payload.scope))
        if not wanted <= allowed:
            raise InvalidScopeError("scope is wider than what subject_token, both clients and the person allow")
        if not allowed:
            raise InvalidScopeError("nothing of the scope of subject_token can be had for this audience")
        return " ".join(sorted(wanted or allowed))


def _token(form: Mapping[str, str], part: str) -> AccessToken:
    """The subject's or the actor's token. What is wrong with either is invalid_request (RFC 8693 §2.2.2)."""
    if form.get(f"{part}_token_type") != ACCESS_TOKEN:
        raise InvalidRequestError(f"{part}_token_type must be {ACCESS_TOKEN}")
    try:
        return check.issued(form.get(f"{part}_token", ""))
    except Unusable as why:
        raise InvalidRequestError(f"{part}_token is not usable: {why}") from None


def _holds(client: RegisteredClient, token: AccessToken, cnf: Mapping[str, str] | None) -> bool:
    """Whether the token reached this client rightly: as its own, with the key it is bound to; or as the one called."""
    if token.client_id == client.client_id:
        return not token.cnf or token.cnf == cnf
    return not {client.client_id, *client.meta.resource_uris}.isdisjoint(token.audience)


def _target(
    client: RegisteredClient, audience: str | None, resources: tuple[str, ...]
) -> tuple[RegisteredClient, tuple[str, ...]]:
    """The one client whose interfaces the token will be for, and which of them."""
    named = set(scopes.split(audience))
    for each in resources:
        named |= registered.owners(each) & set(client.meta.token_exchange_audiences) or {each}
    if not named:
        raise InvalidRequestError("audience (a client_id) or resource must say whom the token is for")
    if len(named) > 1:
        raise InvalidTargetError("audience and resource must name one and the same client")
    target = registered.find(named.pop())
    if target is None or target.client_id not in client.meta.token_exchange_audiences:
        raise InvalidTargetError("this client may not exchange tokens for that audience or resource")
    if not set(resources) <= set(target.meta.resource_uris):
        raise InvalidTargetError("resource is not an interface of the audience")
    return target, resources or tuple(target.meta.resource_uris) or (target.client_id,)


def _act(client: RegisteredClient, subject: AccessToken) -> dict[str, Any]:
    """Who acts, and for whom they act again (RFC 8693 §4.1)."""
    before, links = subject.claims.get("act"), 1
    link = before
    while isinstance(link, Mapping):
        links, link = links + 1, link.get("act")
    if links > MOST_LINKS:
        raise InvalidRequestError(f"subject_token was exchanged {MOST_LINKS} times already")
    return {"sub": client.client_id} | ({"act": before} if before else {})


def _grantee(db: Session, subject: AccessToken, family: Standing, target: RegisteredClient) -> Grantee:
    return Grantee(
        account_id=family.account_id,
        family_id=new_id(),
        sub=subjects.sub_for(db, target.sector, family.account_id),
        session_id=family.session_id,
        auth_time=family.auth_time,
        acr=families.lower_acr(subject.acr or family.acr, family.level),
        amr=tuple(family.amr.split()),
        offline=family.offline,
        not_after=subject.expires_at,
    )


plugin = Grant(name=EXCHANGE_GRANT, authlib=TokenExchange)
