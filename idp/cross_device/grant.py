"""What the device grant and CIBA have in common as grants of the token endpoint."""

from dataclasses import replace
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from authlib.oauth2.rfc6749.hooks import hooked
from sqlalchemy.orm import Session

from idp.cross_device import poll
from idp.grant import AuthenticatedBefore
from idp.tokens import families
from kernel import audit


class Polled(AuthenticatedBefore, BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib has no types
    """``KIND`` is the request's, ``SECRET`` the parameter that its secret comes in."""

    KIND: ClassVar[str]
    SECRET: ClassVar[str]
    request: Any

    def validate_token_request(self) -> None:
        if not self.request.form.get(self.SECRET):
            raise InvalidRequestError(f"Missing '{self.SECRET}' in request.")

    @hooked  # type: ignore[untyped-decorator]  # for the ID token; Authlib has no types
    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        db: Session = self.request.db
        client = self.request.client
        row = poll.claim(db, client, kind=self.KIND, secret=self.request.form[self.SECRET], name=self.SECRET)
        grantee, scope = poll.grantee(db, row, client)
        seed = families.new_seed() if client.check_grant_type("refresh_token") else None
        grantee = replace(
            grantee,
            terms=self.kept_terms(grantee.terms),
            refresh_token=families.refresh_token(grantee.family_id, 0, seed) if seed else None,
        )
        families.open_family(db, grantee, client_id=client.client_id, scope=scope, seed=seed)
        audit.record(db, f"token.{self.KIND}", subject=grantee.family_id, details={"scope": scope})
        self.request.user = grantee
        return 200, self.generate_token(grantee, scope), self.TOKEN_RESPONSE_HEADER
